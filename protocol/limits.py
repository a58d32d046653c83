"""Every cap of the protocol, with the attack or accident that it bounds. Sizes are in bytes, times in seconds.

A number that bounds what a peer can make this node do is here and nowhere else. The sections follow protocol/README.md;
at the end are caps of this implementation's own choice, which no other node can notice.
"""

from __future__ import annotations

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# --- Bytes -----------------------------------------------------------------------------------------------------------
INT_MAX = 2**53 - 1  # the largest integer that the numbers of every language hold exactly
MAX_DEPTH = 8  # levels of arrays: deeply nested arrays cannot exhaust the stack of a reader
ARRAY_ITEMS_MAX = 1024  # items of one array: headers of arrays alone make a reader allocate 8 MB at most, for a moment

# --- Text ------------------------------------------------------------------------------------------------------------
JOINERS_MAX = 8  # invisible code points in a row: hidden text does not fit, the flag of a region takes six

# --- Records ---------------------------------------------------------------------------------------------------------
HEADER_MAX_BYTES = 256  # twelve small fields need less: nobody can smuggle a body into a header
RECORD_MAX_BYTES = 32 * 1024  # of any record but a policy: pulling one id costs no more than this
POLICY_MAX_BYTES = 60 * 1024  # the longest policy still fits into one frame
POLICY_BODY_MAX_BYTES = POLICY_MAX_BYTES - HEADER_MAX_BYTES - 80  # header, signature and framing take the rest
SALT_BYTES = 16  # nobody can guess the body of a tombstone by hashing likely bodies
SLOT_BYTES = 16  # slots that are drawn at random do not collide
FOREVER = INT_MAX  # the expiry of a revocation, which must never be forgotten
VERSION_MAX = 2**52  # of a record that is no revocation: code that adds one to it still has a number to write
STAMP_MAX = 2**52  # of an entry of a policy: likewise
TIME_MAX = 2**52  # that a record names, in seconds: likewise
VERSION_DATE_MAX = 2**33  # no date after 2242 makes a version: what wrong clocks show leaves all others to follow
HEADROOM = 2**20  # a number is no further above what is known: nobody edits a register a million times unheard
DEVICE_LIFE = 2 * 365 * DAY  # a lost device that nobody revokes ends; the identity key can stay away for that long
POLICY_LIFE = 90 * DAY  # an abandoned device's vouches end; others renew theirs at half of it
PROFILE_LIFE = 90 * DAY  # likewise
LISTING_LIFE = 365 * DAY  # a forgotten listing ends
LETTER_LIFE = 30 * DAY  # a letter that nobody fetches is carried no longer
JOIN_LIFE = 90 * DAY  # people who are gone for good are counted as members no longer
CLOCK_SKEW = 1 * DAY  # clocks that differ by more disagree: what was made further ahead was made by a wrong one

# --- Bodies ----------------------------------------------------------------------------------------------------------
# Lengths of text are in code points. They keep a body within RECORD_MAX_BYTES, and one listing from filling a screen.
NAME_MAX = 64
ABOUT_MAX = 1000
TITLE_MAX = 200
TEXT_MAX = 2000
TAGS_MAX = 10
TAG_MAX = 40
UNIT_MAX = 40
PHOTOS_MAX = 4  # of one listing: enough to show a thing from all sides
PHOTO_BYTES_MAX = 200_000  # of one photo: enough for 1,600 pixels, and two seconds on slow Wi-Fi
THUMBNAIL_BYTES_MAX = 12_000  # a page of twenty posts shows one for each
PHOTO_WORDS_MAX = 200  # code points: what the photo shows, in a sentence or two
LANGUAGE_MAX = 35  # the longest language tag that one must expect (RFC 5646, section 4.4.1)
QUANTITY_STEPS = 1000  # of one unit: half a kilogram is 500 on the wire
QUANTITY_MAX = 1_000_000  # units: sums of quantities, in thousandths, stay far from INT_MAX
PROMISED_MAX = 1000 * QUANTITY_MAX  # units of one listing, over all the years in which it is renewed

# --- Policies --------------------------------------------------------------------------------------------------------
VOUCHES_MAX = 1000  # in one register, and in effect over all of one person's: bounds the size of the graph that one person can make others search
POLICY_BRANCHES_MAX = 4  # versions of one register in use: many copies of a device cannot fill the store
BLOCKS_MAX = 1000  # in one register: likewise for the tags that others compare
BLOCK_TAG_BYTES = 16  # a keyed hash of the person blocked: without that person's key it cannot be tested
WEIGHT_MAX = 1000  # per mille: a vouch above 1 would make paths grow in trust
RADIUS_KM_MAX = 20_000  # half the circumference of the earth: a larger radius means nothing more

# --- Groups ----------------------------------------------------------------------------------------------------------
GROUP_ID_BYTES = 32  # nobody can found a group that has the id of another one
GROUP_TAG_BYTES = 16  # a keyed hash of the person invited: without that person's key it cannot be tested
NONCE_BYTES = 16  # two groups, or asks, that are alike in all else differ by it
GROUP_LINKS_MAX = 16  # invitations from the founder to a member: bounds the size of a join and the signatures to check
GROUPS_MAX = 32  # groups of one person that count, those of the lowest ids: a join can cost 34 signatures to check
INVITATIONS_MAX = 64  # open in one join: everybody in its author's web must store them all
KEPT_INVITATIONS_MAX = 1000  # that a revocation names: with them it has 18 kB, and the whole mesh must store it
INVITATION_LIFE = 30 * DAY  # an invitation that nobody answers does not remain open for ever
CELL_MEMBERS_MAX = 50  # known members: in a larger cell people do not know each other any longer
CELL_MEMBERS_MIN = 5  # with fewer members a cell shows as forming
JOINS_SHOWN_MAX = (
    4  # in one self-identification: of the longest chains, with all invitations, four still fit into a frame
)

# --- Trust -----------------------------------------------------------------------------------------------------------
HOPS_MAX = 32  # vouches of a path: Sybils in a long row cannot make a search compare each of them with all before it
BLOCK_TESTS = (
    65_536  # of people with those on their paths, behind one introducer, 0.1 s: more than a web of 8,000 needs
)
BLOCK_TEST_STEPS = 16  # that one such test costs in a second search, whose budget counts vouches
DETOUR_STEPS = 200_000  # vouches examined in second searches behind one introducer, 0.1 s: Sybils cannot make it more

# --- Letters ---------------------------------------------------------------------------------------------------------
LETTER_TAG_BYTES = 16  # a keyed hash of the addressee: without that person's key it cannot be tested
LETTER_SIZES = (512, 2_048, 8_192, 16_384)  # of the padded content: a length reveals one of four classes
LETTER_BOXES_STEP = 4  # decoys fill up to a multiple: the number of boxes reveals little about devices
LETTER_BOXES_MAX = 16  # trying to open a letter costs one key agreement a box
LETTER_ITEMS_MAX = 64  # of any array in the content: bounds what decoding an opened letter allocates
LETTER_DEVICES_MAX = 8  # of one person: a person who certifies very many devices makes letters to them no longer
DEVICE_TAG_BYTES = 8  # of a device's key, in a receipt: enough to tell one person's devices apart
RECEIPT_LETTERS_MAX = 64  # in one receipt: with eight devices for each it still fits the third size
KEY_SHARE_NEED_MIN = 2  # a share that is enough alone would be the key itself
KEY_SHARE_NEED_MAX = 16  # SLIP-39 has four bits for it
INTRODUCTION_TEXT_MAX = 500  # code points: an introduction with eight certificates still fits the largest letter
NOTE_KEY_MAX = 64  # bytes by which a note is known: a key of a person fits, and the id of a listing
NOTE_VALUE_MAX = 2_048  # bytes of a note: a saved search fits, and nobody keeps documents in notes

# --- Exchanges -------------------------------------------------------------------------------------------------------
TEXT_HASH_BYTES = 16
EXCHANGE_ID_BYTES = 16  # nobody can make an ask that has the id of another exchange
COMMUNITY_TAG_BYTES = 16  # a keyed hash of a community: those who are not members cannot test it
MESSAGE_MAX = 1000  # code points in one move: letters stay small, and so does the load of their carriers

# --- Keeping ---------------------------------------------------------------------------------------------------------
TOMBSTONE_GRACE = 30 * DAY  # after the latest expiry: nodes that were apart for that long cannot bring a version back
SUSPENDED_LIFE = 7 * DAY  # a suspended version waits no longer than this for the body of the next one
AUTHOR_RECORDS_MAX = 2_000  # of one author, letters left out: one person cannot fill the disk of a small computer
AUTHOR_BYTES_MAX = 16 * 1024 * 1024  # likewise in bytes
AUTHOR_LETTERS_MAX = 2_048  # carried of one author: a lender with 500 exchanges a month has some 1,500 under way
AUTHOR_LETTER_BYTES_MAX = 4 * 1024 * 1024  # likewise in bytes: nobody can use the carriers as storage
AUTHOR_LETTER_REGISTERS_MAX = 8_192  # with withdrawn ones, 2 MB: writing and withdrawing without end fills no disk
LETTERS_UNDER_WAY_MAX = 1_536  # of one's own besides receipts: a quarter of what carriers take remains for receipts
RECEIPTS_MAX = AUTHOR_LETTERS_MAX - LETTERS_UNDER_WAY_MAX  # of one's own at a time: one for each person written with
RECEIPTS_A_DAY = 24  # versions of the receipt for one person: their letters cannot make us write all the time
RECEIPTS_OF_ALL_A_DAY = 400  # likewise for all people: a lender has some 50 moves a day
RECEIPT_DELAY_MIN = 10 * MINUTE  # that a receipt waits at least: nobody learns when the device was on
RECEIPT_DELAY_MAX = 60 * MINUTE  # and at most; how long is drawn at random
RECEIPT_ROUNDING = HOUR  # of the times in a receipt's header: those who see it later learn the hour alone
AUTHOR_PHOTO_BYTES_MAX = 32 * 1024 * 1024  # of photos of one author, kept as they came and as they are shown
FOREIGN_PHOTO_BYTES_MAX = 256 * 1024 * 1024  # of all others' photos, which take no room from records
FOREIGN_BYTES_MAX = 1024 * 1024 * 1024  # of all others' records: many people, or Sybils, cannot fill a disk
GRAPH_RECORDS_MAX = 60_000  # of some 15,000 people, listings and letters left out: Sybils cannot slow all searches
POLICY_BYTES_MAX = 12 * 1024 * 1024  # of policies, some 300,000 vouches: likewise
LETTERS_MAX = 20_000  # of all others: Sybils cannot fill the disk with letters to nobody
LETTER_BYTES_MAX = 64 * 1024 * 1024  # likewise in bytes
RESIDENT_BYTES_MAX = 208 * 1024 * 1024  # of memory for all that: with the node itself less than 300 MiB
RESIDENT_SHARE = 2  # of the memory of the machine, a half: other programs run there too
GRAPH_RECORD_MEMORY = 1_100  # bytes of a certificate, policy, profile or join in memory, and of its person
POLICY_BYTE_MEMORY = 13  # for each byte of a policy: a vouch of 38 bytes is held in several tables
LISTING_MEMORY = 750  # of a listing, its words left out
PLACE_MEMORY = 1_400  # at most, of a place that one listing has for itself: each session decides about it alone
STRANGERS_PART = 16  # of each of these caps, a sixteenth, for all people for whom nobody answers whom the owner knows
BARE_PART = 4  # of that, a quarter, for certificates on which nothing has followed: they cost their makers nothing
FILLING_PART = 4  # of a limit, a quarter, or an equal share: who uses more of a full one is named to the owner
EVICTED_AT_ONCE = 80  # authors whose records make way in one commit
EVICTED_RECORDS_AT_ONCE = 400  # of them, then no further author goes: one alone may have twice as many
GATHERING_SECONDS = 120  # a web that comes in parts is judged as a whole, but a slow peer is waited for no longer
PENDING_LIFE = 7 * DAY  # a record waits no longer for its certificate or policy: records of Sybils make room again
PENDING_RECORDS_MAX = 5_000  # waiting in all: records that cannot be verified yet do not pile up
PENDING_FROM_ONE_MAX = 1_000  # of them brought by people whom one person answers for, who cannot take all of it
PENDING_FROM_STRANGERS_MAX = 250  # of them brought by people for whom nobody answers
FORKS_MAX = 256  # proofs kept, one for each device: the devices of Sybils can fork without end

# --- Cards -----------------------------------------------------------------------------------------------------------
CARD_LIFE = 7 * DAY  # a lost card works no longer than this
CARD_LIFE_MAX = 90 * DAY  # likewise, at the giver's choice
CARD_USES_MAX = 100  # people who can use one card: a card on a notice board does not connect a whole city
CARD_ADDRESSES_MAX = 8  # a card cannot make its user dial a long list
CARD_SECRET_BYTES = 32  # nobody can guess the secret of a card
CARD_BYTES_MAX = 768  # the longest name and all addresses fit, and the whole still fits into a QR code
CARD_TEXT_MAX = 4096  # code points, white space included: a pasted book is refused before it is decoded
LIVE_CARDS_MAX = 16  # open at once: each needs a tag in every announcement

# --- Devices ---------------------------------------------------------------------------------------------------------
DEVICE_CODE_LIFE = 10 * MINUTE  # a code seen over a shoulder is soon worthless; the way to the other machine takes less
DEVICE_CODE_LIFE_MAX = 1 * HOUR  # likewise, at the owner's choice
DEVICE_CODE_BYTES_MAX = 320  # the keys and all addresses fit
DEVICE_NAME_MAX = 32  # code points; names are known to the owner's own devices only
DEVICES_MAX = 16  # of one person that count: each costs others a key to recognize and dial with, and a policy to join
ENROLMENT_SECONDS = 20  # a silent machine does not hold the connection of a device code for longer
CONFIRM_SECONDS = 120  # in which the owner compares the words on two screens; then nothing is certified

# --- Word codes ------------------------------------------------------------------------------------------------------
WORD_CODE_LIFE = 10 * MINUTE  # words that somebody hears later are worth nothing; saying them takes seconds
WORD_CODE_NUMBER_MAX = 99  # a number is easy to say, and two neighbors who show codes at once seldom draw the same

# --- Presence on the LAN ---------------------------------------------------------------------------------------------
ANNOUNCED_TAGS = 1 + LIVE_CARDS_MAX  # always as many: their number tells a stranger nothing about open cards
ANNOUNCED_ADDRESSES_MAX = 8  # of each family: an announcement cannot make us sort and dial a long list
ANNOUNCEMENT_LIFE = 15 * MINUTE  # then name, nonce and tags change: a stranger can follow a node no longer than this
RECOGNITION_CANDIDATES_MAX = 4096  # keys tried for one announcement: a forged one costs 10 ms at most

# --- Handshake and channel -------------------------------------------------------------------------------------------
PSK_CANDIDATES_MAX = 4096  # tried for one PSK identity hint: the 66 bytes of a stranger cost 5 ms at most
SEEN_EPHEMERALS_PER_PSK_MAX = 8192  # for one psk: its holder cannot flush out what guards other psks from replay
SEEN_EPHEMERALS_MAX = 65_536  # remembered in all, some 10 MB: a flood of first messages cannot fill the memory
REKEY_FRAMES = 4096  # a key stolen from memory opens this many past frames at most, 256 MiB
NOISE_NONCE_LIMIT = 2**48  # messages in one direction: far from 2^64, where a nonce would repeat
FRAME_MAX_BYTES = 65_519  # the plaintext of one Noise message: 65,535 less the 16 bytes of the MAC

# --- Frames ----------------------------------------------------------------------------------------------------------
RUN_BYTES = 8  # of the number of a run: two machines with one device key do not draw the same
HELLO_CHOICES_MAX = 16  # versions or algorithms in a Hello: more would only cost time to compare
IDENTIFICATION_RECORDS_MAX = 8  # records that are parsed for somebody who is not known yet
UNKNOWN_FRAMES_PER_MINUTE = 600  # of types from newer versions, which are passed over: each costs a decoding
RECORDS_PER_FRAME_MAX = 512  # entries of one frame: bounds the work of one step
HAVE_ITEMS_MAX = 256  # announced in one frame: each costs a search

# --- Session ---------------------------------------------------------------------------------------------------------
PREAUTH_SECONDS = 15  # to prove oneself, also where half of all packets are lost: a silent connection is closed
IDLE_PING_SECONDS = 15 * MINUTE  # without a word: a Ping shows that this program is alive; each wakes two machines
IDLE_DEAD_SECONDS = 35 * MINUTE  # without hearing anything, two Pings included: the program at the other end hangs
PROGRESS_SECONDS = 120  # without progress: a peer that owes something and only pings keeps its session no longer
ADMITTING_SECONDS = 10 * MINUTE  # for finding out what we may have: others may have called a slow machine before us
LIVE_COMPARE_SECONDS = 60  # between comparisons: a peer cannot make us compare whole sets all the time
BUSY_PAUSE_MAX = 10 * MINUTE  # asked for with BUSY: a peer that asks for more is called again after this all the same
RECHECK_SECONDS = 10 * MINUTE  # then the initiator compares again: finds what a lost announcement or hash collision hid
RECHECK_MAX_SECONDS = (
    80 * MINUTE
)  # where nothing changes: each comparison that finds nothing doubles the time to the next
PASSES_MAX = 8  # comparisons of one set in a row: peers whose sets never become equal stop here
HAVES_UNANSWERED_MAX = 4  # announcements under way: bounds what must be remembered of them
AGAIN_PER_MINUTE = 10_000  # asked for again; twice as many are accepted: each costs a search and may be sent again
PULLED_MAX = 4096  # records pulled and not given yet: a peer cannot queue more work than this
PHOTO_PART_BYTES = 40_000  # of a photo in one frame: other frames pass between the parts
PHOTO_FETCHES_PER_MINUTE = 600  # twice as many are accepted: each costs a look into the store, and up to 200 kB
SUCCESSOR_MAX_BYTES = 4 * 1024  # of a record without its body: header, signature, base, and some eighty changed entries
SUCCESSOR_BYTES_A_PULL = 128 * 1024  # of bodies that need not travel; twice as many are accepted: 50 ms to make
SUCCESSORS_NOTED_MAX = 256  # for one peer, which need not pull them
SUCCESSORS_NOTED_BYTES = 1024 * 1024  # likewise, of the bodies that they follow; all peers share these
HEADERS_PER_MINUTE = 2000  # sent unasked; twice as many are accepted, since minutes do not begin together
REFUSED_A_SESSION_MAX = 200_000  # records shown that are not taken: each is remembered as the peer's, in 40 bytes

# --- Parcels ---------------------------------------------------------------------------------------------------------
PARCEL_CHUNK_BYTES = 16 * 1024  # of a parcel: a reader holds one at a time, and sizes tell no more than whole ones
PARCEL_CHUNKS_LEAST = 4  # of a parcel: all small ones look the same, and a messenger carries 64 KiB gladly
PARCEL_CHUNKS_MAX = 65_536  # of a parcel, 1 GiB: a stick full of noise is not read to its end
PARCEL_BOXES_LEAST = 32  # of a parcel: nobody can tell one reader from thirty
PARCEL_BOXES_MAX = 4096  # of a parcel: trying all of them costs a reader some 0.5 s
PARCEL_CHUNKS_PER_CLASS_OF_BOXES = 64  # from here on boxes double as chunks do, so their number tells nothing more
PARCEL_RECEIPTS_MAX = 64  # in one frame: each costs a search
PARCEL_PHOTOS_MAX = 2_000  # of one part, thumbnails counted: each costs a search
PARCEL_NOT_TAKEN_MAX = 1_000  # records named in one receipt: the others are taken to have arrived

# --- Reconciliation --------------------------------------------------------------------------------------------------
RECONCILE_MESSAGE_BYTES = 60_000  # a message takes no further answers beyond this, so that it fits into one frame
RECONCILE_MESSAGES_MAX = 512  # messages of one comparison: ranges that are split without end stop here
RECONCILE_RANGES_MAX = 131_072  # ranges that wait for our answer: a peer that splits them cannot fill the memory
RECONCILE_CHILDREN_MAX = 64  # ranges that one range may be split into: likewise for one message
RECONCILE_LIST_MAX = 256  # short ids for one range: bounds what comparing lists costs
RECONCILE_OFFERS_MAX = 2_000_000  # items that one comparison may offer: the sender of a mere count pays nothing for it

# === This node's own choices =========================================================================================

# --- Transfers -------------------------------------------------------------------------------------------------------
WANTED_ITEMS = 256  # records read from the store at once: one peer cannot keep the store busy for long
BACKLOG_BYTES = 256 * 1024  # of records that wait to be sent: beyond it the store is not asked for more; 16 MiB in all
WINDOW_RECORDS = 2048  # records pulled ahead of what was committed: bounds what waits in memory
WINDOW_BYTES = 2 * 1024 * 1024  # likewise in bytes, estimated from the records seen so far
BATCH_RECORDS = 1000  # records of one commit: bounds how long a commit takes
BATCH_BYTES = 1024 * 1024  # likewise in bytes
BATCH_SECONDS = 0.25  # a batch waits no longer to fill: a link that drops often still makes progress
HEADERS_WAITING_MAX = 10_000  # some 4 MB: a peer that shows older and older versions cannot make us queue more answers
HEADERS_IN_SESSIONS_MAX = 20_000  # the same over all sessions: beyond it, each may queue the least only; a comparison
HEADERS_WAITING_LEAST = 500  # later on brings the others. Together some 20 MB, whatever is taken back from 64 peers
SESSION_BUFFER_BYTES = 4 * 1024 * 1024  # unsent bytes of one session: a peer that does not read cannot fill the memory

INTAKE_BYTES = (
    16 * 1024 * 1024
)  # of memory for what all sessions have received and the store has not: eight full batches

# --- Connections -----------------------------------------------------------------------------------------------------
PREAUTH_CONNECTIONS_MAX = 16  # not proven yet: a scanner cannot hold more
PREAUTH_PER_ADDRESS_MAX = 2  # of them from one address; loopback is exempt, since all local nodes share it
SESSIONS_MAX = 64  # at once: bounds memory and the work of each commit
SESSIONS_PER_PERSON_MAX = 8  # of them: a person who certifies very many devices cannot take all of them
WORK_BURST_SECONDS = 120.0  # of work that the people of one introducer may cause at full speed: a first synchronization
WORK_SHARE = 0.25  # of the time from then on: edits without end slow the node by no more than this
WORK_OF_STRANGERS = 0.25  # of both, for all those together for whom nobody answers: anybody can be many of them
ADDRESSES_REMEMBERED_MAX = 8  # of one person: a peer that claims to move about cannot make us dial a long list
UNRECOGNIZED_REMEMBERED = 512  # strangers' announcements: they are not tried again until our contacts change
MDNS_HEARD_PER_SECOND = 100  # announcements taken from zeroconf's thread: the rest of a flood is dropped there
MDNS_QUEUE_MAX = 64  # announcements that wait to be recognized: a flood cannot fill the memory
RECOGNITION_KEYS_PER_SECOND = 50_000  # keyed hashes, 0.1 s of work: forged announcements cannot keep the processor busy

# --- Storage ---------------------------------------------------------------------------------------------------------
MEMORY_SHARE = 4  # others' records take at most this fraction, a quarter, of the memory: searches go through them
DISK_FREE_PART = 100  # below this fraction, a hundredth, of free disk nothing more is taken in from others,
DISK_FREE_ENOUGH = 50 * 1024 * 1024  # unless this much is free all the same: enough for years of own records;
DISK_FREE_LEAST = 8 * 1024 * 1024  # on a tiny disk this much stays free: a commit of one batch, twice, and the WAL
REFUSED_REMEMBERED = 10_000  # records shown by one peer that cannot be taken now, some 4 MB: asked for again later
POLICY_PAUSE_SECONDS = 60  # on average, between versions of one device's policy: each makes all who have it judge again
POLICY_VERSIONS_AT_ONCE = 16  # without any pause before: a whole evening of new acquaintances
POLICY_TAKING_BACK_PAUSE_SECONDS = 10  # between versions that take something back; beyond it their headers do so
POLICY_TAKING_BACK_AT_ONCE = 64  # somebody may go through the whole list of people they know
POLICY_PACES_REMEMBERED = 8_192  # registers that were written lately, in 200 bytes each
REFUSED_IN_SESSIONS_MAX = 30_000  # the same over all sessions: beyond it, each session may remember the least only
REFUSED_REMEMBERED_LEAST = 1_000  # of one session, whatever the others remember: 64 of them take some 26 MB
REFUSED_KEPT_MAX = 20_000  # the same from one session to the next, over all peers, shared out by introducer
REFUSED_APART_SECONDS = DAY  # until a policy of somebody connected with nobody is looked at again in any case
GUESTS_A_DAY = 20  # vouches that cards made for many bring about unasked: one guest under many names gets a few of them
GUESTS_WAITING_MAX = 64  # beyond it the guest who has not called for longest makes room: nobody keeps others out of it
GUESTS_AWAITED_MAX = 16  # guests whom the owner has named before they were seen: as many as stand around one table
FORMER_WEB_MAX = 1_000  # people who left the owner's web lately: a person who rewrites vouches cannot fill the disk
FORMER_WEB_GRACE = 14 * DAY  # for that long they are told what is superseded; then the presence key changes
INTRODUCTION_LIFE = 90 * DAY  # of an introduction that its reader does nothing about
INTRODUCTIONS_FROM_ONE_MAX = 20  # kept of one introducer, the latest: nobody can fill the list
KEPT_LETTER_BYTES = 12_000  # of a letter kept to be handed over later: one padded beyond need does not fit into another
KEPT_OF_EXCHANGE_BYTES = 256 * 1024  # of letters of one side of an exchange, kept likewise: a hundred long messages
KEPT_LETTERS_BYTES = 32 * 1024 * 1024  # in all; then those of exchanges that ended longest ago go: some 5,000 exchanges
HANDOVERS_TO_ONE_MAX = 8  # letters under way that hand older ones over to one device: carriers keep no archive
HANDOVERS_MAX = 40  # in all, some 0.7 MB: a fifth of what carriers take of one author
HANDOVER_TURN = 6 * HOUR  # that each further device of the owner waits whether those before it hand over
HANDOVERS_TO_OTHER_MAX = (
    8  # letters to a person who has a new device, in a day: new keys cannot make us write on and on
)
NOTES_PAUSE = (
    10 * MINUTE
)  # between two letters that tell the owner's devices what was noted: many edits travel together
OWN_NOTES_MAX = 4_000  # names, saved searches, what is hidden or was shown, and what was removed of them: a stolen device cannot fill the others
READ_NOTES_MAX = 80  # of one device, some 8,000 listings shown as news: those of 16 devices leave room for more
READ_MARKS_MAX = 200_000  # listings that were shown as news, beyond which nothing is taken from own devices: 10 MB
MISSING_LETTERS_MAX = 1_000  # that a device could not open and remembers to ask for: likewise
EXCHANGES_ASKED_MAX = 32  # of one person that wait for an answer: further asks of a person who never stops are ignored
STRANGERS_ASKS_MAX = (
    256  # likewise, of all people whom the owner does not vouch for; introducers have fair shares of it
)
EXCHANGES_WITH_ONE_MAX = (
    500  # kept with one person; then those that came to nothing are forgotten, then loans that are back
)
EXCHANGES_MAX = 20_000  # kept in all, likewise: the asks of Sybils cannot fill the disk
EXCHANGES_UNHEARD_ONE_MAX = 64  # of one person, kept unseen because the ask is missing or was not theirs to make
EXCHANGES_UNHEARD_MAX = 1_000  # likewise in all
MOVES_MAX = 128  # of one side in one exchange, messages included: without messages four are enough
MESSAGES_MAX = 100  # of one side in one exchange: enough to agree, too few to use an exchange as storage

# --- Search ----------------------------------------------------------------------------------------------------------
SEARCH_WORDS_MAX = 1_000  # of one listing that can be searched for, or pairs of letters in a script without spaces
SEARCH_WORDS_FROM_ONE_MAX = 20_000  # first used by one author: invented words cannot take the room of others' words
SEARCH_WORDS_IN_ALL_MAX = 150_000  # likewise for the words of all authors, some 30 MB of memory
HIDDEN_MAX = 1_000  # listings hidden one by one: each search compares with all of them
WATCHES_MAX = 30  # saved searches: each is compared with everything that a commit brings
ALERTS_MAX = 100  # of one saved search: an author who posts without end cannot fill the disk with them

# --- Caches ----------------------------------------------------------------------------------------------------------
STATEMENTS_REMEMBERED = 8192  # verdicts on signatures in chains: members of a group share most of theirs
SEARCHES_REMEMBERED = 32  # people whose searches are kept and updated: 0.7 MB each in a web of 10,000
BLOCK_TAGS_REMEMBERED = 32_768  # pairs compared lately, some 8 MB: bounded however many people block each other
IDS_REMEMBERED = 4096  # written forms of people: a page of results has a hundred, and Sybils cannot fill the memory
DISTANCES_REMEMBERED = 16_384  # pairs of cells: invented places cannot fill the memory
