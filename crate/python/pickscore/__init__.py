"""How well an image fits a prompt, as people would judge it.

>>> from pickscore import Scorer
>>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
>>> images = ["www/public/samples/noto/fox.png", "www/public/samples/noto/red-apple.png"]
>>> scorer.score("a red apple", images).argmax().item()
1
"""

from pickscore._error import PickScoreError, PickScoreWarning
from pickscore._pickscore import Info, Scorer, Table

__all__ = ["Info", "PickScoreError", "PickScoreWarning", "Scorer", "Table"]
