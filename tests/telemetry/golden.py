"""Bytes that the specification gives, with what they say."""

# One record of code 20000, priority 64. Its `epoch` is 0 and so not stored.
TELPOS = bytes.fromhex(
    "40 204e 9aaa1d66 60aa7b3b 50"
    "1c0000000000000000001200340000002c0024001c0014000c00040012000000"
    "423ee8d9ac6e5340 000000000000f03f b531b9b4814e4b3f eb73b515fb7f5640 4e619ea87f033dc0 7cf4b6acd5e45b40"
)
TELPOS_NS = 1_713_220_250_997_960_288  # 2024-04-15T22:30:50.997960288
TELPOS_VALUES = {
    "epoch": 0.0, "ra": 111.575541666667, "dec": -29.013666666667, "el": 89.9997, "ha": 0.000833333333, "am": 1.0,
    "rotoff": 77.7293,
}  # fmt: skip
