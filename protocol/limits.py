"""Every cap of the protocol, each with the attack or accident it bounds. Sizes in bytes, times in seconds.

A number that bounds what a peer can make us do lives here and nowhere else.
"""

from __future__ import annotations

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# --- Numbers and codec ---------------------------------------------------------------------------------------------
INT_MAX = 2**53 - 1  # integers that every language's numbers hold exactly
MAX_DEPTH = 8  # nested arrays: a bomb of array headers ends here
ARRAY_ITEMS_MAX = 1024  # items of one array: a bomb of array headers makes us set aside 8 MB at most, for a moment

# --- Records -------------------------------------------------------------------------------------------------------
FOREVER = INT_MAX  # the expiry of a strike: it is terminal
POLICY_MAX_BYTES = 60 * 1024  # a policy still fits one frame
HEADER_MAX_BYTES = 256  # twelve small fields; no header can be a body in disguise
RECORD_MAX_BYTES = 32 * 1024  # any other record: bounds what one id can cost to pull
SALT_BYTES = 16  # a header alone cannot be guessed at
SLOT_BYTES = 16
CLOCK_SKEW = 1 * DAY  # how far ahead a record's `created` may lie of our clock before its expiry is doubted
DEVICE_LIFE = 2 * 365 * DAY  # certificates are long-lived: the identity may be kept away from the node
POLICY_LIFE = 90 * DAY  # renewed at half-life by the device that wrote it
PROFILE_LIFE = 90 * DAY
LISTING_LIFE = 365 * DAY  # the longest any listing may ask for
LETTER_LIFE = 30 * DAY  # unread for so long it is of no use: nobody carries what is not fetched
JOIN_LIFE = 90 * DAY  # renewed like a policy: whoever stays away for good is not counted as a member for ever
TOMBSTONE_GRACE = (
    30 * DAY
)  # headers are kept this long past `latest_expiry`, so that no partition brings a version back
SUSPENDED_LIFE = 7 * DAY  # a suspended version waits this long for its successor's body

# --- Bodies --------------------------------------------------------------------------------------------------------
NAME_MAX = 64  # characters
JOINERS_MAX = 8  # invisible code points in a row: the flag of a region takes six, and text cannot hide among them
ABOUT_MAX = 1000
TITLE_MAX = 200
TEXT_MAX = 2000
TAGS_MAX = 10
TAG_MAX = 40
UNIT_MAX = 40
LANGUAGE_MAX = 35  # the longest language tag one must expect, RFC 5646 section 4.4.1
VOUCHES_MAX = 1000  # entries a policy: bounds the graph one person can make others search
BLOCKS_MAX = 1000
BLOCK_TAG_BYTES = 16  # a keyed hash of the person blocked: only who knows that key can test it
WEIGHT_MAX = 1000  # per mille: nobody is trusted more than wholly
GROUP_ID_BYTES = 32
RADIUS_KM_MAX = 20_000
QUANTITY_MAX = 1_000_000

# --- Groups ------------------------------------------------------------------------------------------------------------
GROUP_TAG_BYTES = 16
NONCE_BYTES = 16  # two groups of one founder and name are two
GROUP_LINKS_MAX = 16  # invitations from the founder to a member: bounds a join's size, and what it costs to check one
GROUPS_MAX = (
    32  # groups of one person that count, those with the lowest ids: each join costs up to 34 signatures to check
)
CELL_MEMBERS_MAX = 50  # known members at which a node refuses to invite to a cell
CELL_MEMBERS_MIN = 5  # with fewer a cell shows as forming
JOINS_SHOWN_MAX = 4  # in one introduction: with the longest chains and all invitations they still fit a frame
INVITATIONS_MAX = 64  # open in one join: they travel with it to all of its author's web
INVITATION_LIFE = 30 * DAY  # unanswered for so long, it is taken for declined
STATEMENTS_REMEMBERED = 8192  # verdicts on signatures in chains; members of a group share most of theirs

# --- Letters -----------------------------------------------------------------------------------------------------------
LETTER_TAG_BYTES = 16  # a keyed hash of the addressee: only who knows that key can test it
LETTER_SIZES = (512, 2_048, 8_192, 16_384)  # of what is sealed, padding included: a length tells one of four classes
LETTER_BOXES_STEP = 4  # boxes come in fours, made-up ones among them: their number tells little about devices
LETTER_BOXES_MAX = 16  # what opening a letter can cost: one agreement of keys a box
LETTER_ITEMS_MAX = 64  # of any list inside
LETTER_DEVICES_MAX = 8  # of one person: who certifies himself any number of devices makes no letter longer
INTRODUCTION_TEXT_MAX = 500  # characters of what is said of somebody
INTRODUCTION_LIFE = 90 * DAY  # of what somebody was told of another and did nothing about
INTRODUCTIONS_FROM_ONE_MAX = 20  # kept of one introducer, the latest: nobody can fill the list
AUTHOR_LETTERS_MAX = 512  # of one author that lie about: a person cannot make carriers a store of his own
AUTHOR_LETTER_BYTES_MAX = 4 * 1024 * 1024
LETTERS_UNDER_WAY_MAX = 256  # of our own, receipts left out: half of what carriers take is left for receipts
LETTERS_MAX = 20_000  # of all others' together, of which one who brings them may fill FROM_ONE_SHARE
LETTER_BYTES_MAX = 64 * 1024 * 1024  # likewise

# --- Exchanges ---------------------------------------------------------------------------------------------------------
EXCHANGE_ID_BYTES = 16
COMMUNITY_TAG_BYTES = 16
EXCHANGES_ASKED_MAX = 32  # of one person that wait for an answer: who asks without end is not heard any more
EXCHANGES_WITH_ONE_MAX = 500  # kept with one person: then those that came to nothing are forgotten, the oldest first
EXCHANGES_MAX = 20_000  # kept in all, likewise: made-up people cannot fill the disk with their asking
EXCHANGES_UNHEARD_ONE_MAX = 64  # of one person, kept unseen since the ask is missing or not for him to make
EXCHANGES_UNHEARD_MAX = 1_000  # in all
MOVES_MAX = 128  # of one side in one exchange, words among them: without them four are all that it takes
MESSAGES_MAX = 100  # words of one side in one exchange: enough to agree, and no store of his own
MESSAGE_MAX = 1000  # characters of what is said with a move: a letter stays small, and a carrier's burden

# --- Per author and per node -----------------------------------------------------------------------------------------
AUTHOR_RECORDS_MAX = 2_000  # live records: one person cannot fill a Pi
AUTHOR_BYTES_MAX = 16 * 1024 * 1024
FOREIGN_BYTES_MAX = 1024 * 1024 * 1024  # of all others' records: what others share, or make up, cannot fill a disk
MEMORY_SHARE = 4  # nor more than this part of the machine's memory, for what is held is searched there
GRAPH_RECORDS_MAX = 60_000  # certificates, policies, profiles, joins, of some 15,000 people: searches grow with them
POLICY_BYTES_MAX = 24 * 1024 * 1024  # of policies, some 500,000 vouches: likewise
FROM_ONE_SHARE = (2, 3)  # of each of these three, brought by one peer: whom I let in cannot take the room of all others
DISK_FREE_PART = 10  # below a tenth of the disk free nothing more is taken in,
DISK_FREE_ENOUGH = 2 * 1024 * 1024 * 1024  # unless this much is free all the same
FORKS_MAX = 256  # proofs of forks kept, one a device: made-up devices can fork without end
ADDRESSES_REMEMBERED_MAX = 8  # a person: a peer that moves about, or says it does, cannot make us dial a long list
PENDING_LIFE = (
    7 * DAY
)  # for as long as a record waits for its certificate or policy: made-up ones cannot block the room
PENDING_RECORDS_MAX = 5_000  # waiting for a certificate or policy, in all: unverifiable records cannot pile up
REFUSED_REMEMBERED = 10_000  # records a peer has shown that are not for us: asked about again when our standing moves
SEARCH_WORDS_MAX = 400  # of one listing that can be searched: more than any text has that says something
SEARCH_WORDS_FROM_ONE_MAX = 20_000  # first used by one author: made-up words cannot fill what others' words need,
SEARCH_WORDS_IN_ALL_MAX = 400_000  # nor many people's, some 80 MB of memory
HIDDEN_MAX = 1_000  # listings that somebody hides from himself one by one: each search looks at all of them
WATCHES_MAX = 30  # saved searches: each is asked about what every commit brings
ALERTS_MAX = 100  # of one saved search: who posts without end fills no disk with them
LEAVERS_MAX = 1_000  # people who lately left the own web
LEAVERS_GRACE = 14 * DAY  # how long they are told what is superseded; then the presence key turns
PENDING_FROM_ONE_MAX = 1_000  # of them, brought by one peer: he cannot take the room of what others bring

# --- Sessions --------------------------------------------------------------------------------------------------------
FRAME_MAX_BYTES = 65_519  # plaintext of one Noise message (65,535 less the 16-byte MAC)
PREAUTH_CONNECTIONS_MAX = 16  # half-open connections a scanner can hold
PREAUTH_PER_ADDRESS_MAX = 2  # loopback exempt: all local nodes share it
PREAUTH_SECONDS = 5  # time to prove oneself
SESSIONS_MAX = 64
SESSIONS_PER_PERSON_MAX = 8  # who certifies himself any number of devices cannot take all places
SESSION_BUFFER_BYTES = 4 * 1024 * 1024
WORK_BURST_SECONDS = 120.0  # of work that one person may cause at full speed: a first synchronization
WORK_SHARE = 0.25  # of the time from then on: who changes his mind without end keeps a node busy no longer than this
IDLE_PING_SECONDS = 30
IDLE_DEAD_SECONDS = 90

# --- Cards -------------------------------------------------------------------------------------------------------------
CARD_LIFE = 7 * DAY
CARD_LIFE_MAX = 90 * DAY
CARD_USES_MAX = 100
CARD_ADDRESSES_MAX = 8
CARD_SECRET_BYTES = 32
CARD_BYTES_MAX = 768  # behind the text: the longest name and all addresses fit; a QR code still holds it
CARD_TEXT_MAX = 4096  # characters, white space included
LIVE_CARDS_MAX = 16  # each costs a tag in every announcement

# --- Devices -----------------------------------------------------------------------------------------------------------
DEVICE_CODE_LIFE = 10 * MINUTE  # whoever sees the code may become me: long enough to walk to the other machine
DEVICE_CODE_LIFE_MAX = 1 * HOUR
DEVICE_CODE_BYTES_MAX = 320  # behind the text: the keys and all addresses fit
DEVICE_NAME_MAX = 32  # characters; names stay among the owner's own devices
DEVICES_MAX = 16  # of one person, as his own node certifies them: each costs others a key to recognize and to dial by
ENROLMENT_SECONDS = 20  # a new device's time to be certified: the other's node may be busy

# --- Handshake and channel ---------------------------------------------------------------------------------------------
PSK_CANDIDATES_MAX = 4096  # tried for a first message's tag: a stranger's 66 bytes cost us at most some 5 ms
SEEN_EPHEMERALS_PER_PSK_MAX = 8192  # first messages a psk: one holder cannot flush what others' recall guards
SEEN_EPHEMERALS_MAX = 65_536  # in all, some 10 MB: a flood of first messages cannot fill a Pi's memory
REKEY_FRAMES = 4096  # a key taken from memory opens at most this many frames of the past, 256 MiB
NOISE_NONCE_LIMIT = 2**48  # messages one direction may ever carry: far from the 2^64 where a nonce would come again

# --- Presence on the LAN -----------------------------------------------------------------------------------------------
ANNOUNCED_TAGS = 1 + LIVE_CARDS_MAX  # always this many: their number tells a stranger nothing about cards
ANNOUNCED_ADDRESSES_MAX = 8  # of each family: an announcement cannot make us dial, or sort, a long list
ANNOUNCEMENT_LIFE = 15 * MINUTE  # then fresh names, nonce and tags: how long a stranger can follow one node
RECOGNITION_CANDIDATES_MAX = 4096  # keys tried an announcement: a forged one costs at most some 10 ms

# --- Trust and places --------------------------------------------------------------------------------------------------
HOPS_MAX = 32  # vouches of a path: Sybils in a row cannot make a search test each of them with all before
DETOUR_STEPS = 200_000  # vouches looked at in second searches, for all behind one introducer: some 0.1 s
SEARCHES_REMEMBERED = 32  # people whose searches are kept and updated; some 0.7 MB for each in a web of 10,000
BLOCK_TAGS_REMEMBERED = 32_768  # of pairs compared lately; some 8 MB, however many people block each other
IDS_REMEMBERED = (
    4096  # of people, as they are written: a page of results names a hundred; made-up people fill no memory
)
DISTANCES_REMEMBERED = 16_384  # pairs of cells; made-up places cannot fill the memory

# --- Reconciliation ------------------------------------------------------------------------------------------------------
RECONCILE_MESSAGE_BYTES = 60_000  # where a message stops taking further answers, so that it fits one frame
RECONCILE_MESSAGES_MAX = 512  # messages a comparison: ranges split and split again end here
RECONCILE_RANGES_MAX = 131_072  # ranges waiting for our answer: memory that splitting can make us hold
RECONCILE_CHILDREN_MAX = 64  # ranges that one range may be split into
RECONCILE_LIST_MAX = 256  # short ids for one range: bounds what a comparison of lists costs
RECONCILE_OFFERS_MAX = 2_000_000  # items one comparison may announce: a count alone costs its sender nothing
LIVE_COMPARE_SECONDS = 60  # a peer may have us compare whole sets again this often, no oftener
RECHECK_SECONDS = 10 * MINUTE  # the initiator compares again: whatever a short hash or a lost announcement hid is found
PASSES_MAX = 8  # comparisons of one set in a row: peers whose views never meet stop here

# --- Frames and transfers --------------------------------------------------------------------------------------------------
HELLO_CHOICES_MAX = 16  # versions or algorithms named in a Hello
INTRODUCTION_RECORDS_MAX = 8  # records parsed for somebody not yet known
RECORDS_PER_FRAME_MAX = 512
HAVE_ITEMS_MAX = 256  # announced at once: each costs a search
HAVES_UNANSWERED_MAX = 4  # announcements under way: what we must remember of them
PULLED_MAX = 4096  # records a peer may pull ahead of what it has been given
WANTED_ITEMS = 256  # records read from the store for one RecordsRequested
BACKLOG_BYTES = 1024 * 1024  # of records waiting to be sent: beyond it the store is not asked for more
WINDOW_RECORDS = 2048  # records that we pull ahead of what has been committed
WINDOW_BYTES = 2 * 1024 * 1024  # the same in bytes, judged by the records seen so far
BATCH_RECORDS = 1000  # records given to the node at once: one commit
BATCH_BYTES = 1024 * 1024
BATCH_SECONDS = 0.25  # a batch waits no longer than this to fill: a link that drops often still gets on
UNKNOWN_FRAMES_PER_MINUTE = 600  # of types from newer versions, which are passed over: each costs a decoding
HEADERS_PER_MINUTE = 2000  # unasked headers we send; twice as many are taken, for minutes do not begin together
HEADERS_WAITING_MAX = 10_000  # some 3 MB: who shows older and older versions cannot make us hold what answers them all
REFUSED_A_SESSION_MAX = 200_000  # records shown that we do not take: each is remembered as the peer's, at 40 bytes
PROGRESS_SECONDS = 120  # a peer that only pings while it owes something holds its place no longer than this

# --- Multicast DNS -------------------------------------------------------------------------------------------------------
MDNS_HEARD_PER_SECOND = 100  # announcements taken from zeroconf's thread: a flood's rest is lost before it costs more
MDNS_QUEUE_MAX = 64  # announcements waiting to be recognized: the same flood cannot fill memory
RECOGNITION_KEYS_PER_SECOND = 50_000  # keyed hashes, some 0.1 s of work: forged announcements cannot eat the processor
UNRECOGNIZED_REMEMBERED = 512  # strangers' announcements not worth trying again until our contacts change
