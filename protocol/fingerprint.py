"""The 256 words of fingerprints, one for each value of a byte: short, concrete, and hard to mishear for one another."""

from __future__ import annotations

WORDS: tuple[str, ...] = tuple(
    """
    acorn album alley amber anchor apple apron arrow autumn badge bagel baker bamboo banjo barley basket beacon
    beaver bench berry birch biscuit blanket bottle branch bread brick bridge broom bucket butter button cabin
    cactus camel candle canoe carpet carrot castle cedar cellar cherry chimney cider circle clay cloud clover cobalt
    cocoa comet copper coral cotton cradle crayon cricket crystal curtain daisy dancer desert diamond dolphin donkey
    dragon drawer drum eagle echo elbow elder ember engine falcon farmer feather fence fern fiddle flag flame flute
    forest fossil fountain fox garden garlic ginger giraffe glacier glove goblet goose grape gravel guitar hammer
    harbor hazel helmet heron hill honey horse hotel iceberg igloo island ivory jacket jaguar jasmine jelly jewel
    jigsaw jungle kayak kettle kitchen kitten ladder lagoon lantern laurel lemon lentil library lily linen lizard
    lobster lotus magnet mango maple marble meadow melon milk mirror mitten monkey moss mountain muffin museum
    mustard napkin nectar needle nickel noodle nutmeg oasis oat ocean olive onion orange orchard otter owl oyster
    paddle palace panda paper parrot peach pebble pencil pepper piano pillow pine planet plum pocket pony poppy
    potato prairie puddle pumpkin puzzle quartz quilt rabbit radio raft rainbow raven ribbon river robin rocket rope
    saddle sailor salmon sandal saturn saucer scarf shadow shell shovel silver skate snow sofa spider spoon squirrel
    statue storm sugar sunset swan table teapot temple thunder tiger timber tomato tower train trumpet tulip tunnel
    turtle umbrella valley velvet village violin volcano wagon walnut water whale wheat whistle willow window winter
    wizard wolf yarn yogurt zebra zipper
    """.split()  # noqa: SIM905 - one word a line would be 256 lines
)
