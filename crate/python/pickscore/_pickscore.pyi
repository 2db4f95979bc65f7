from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DataPlan", "Info", "RangeScorer", "Scorer", "Table"]

class _PilImage(Protocol):
    """An image of Pillow, which need not be installed."""

    @property
    def mode(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    def tobytes(self) -> bytes: ...

_Path: TypeAlias = str | PathLike[str]
_Image: TypeAlias = _Path | bytes | bytearray | memoryview | _PilImage | NDArray[np.uint8]

class _ArrowStream(Protocol):
    """A table with the Arrow C stream interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Errors: TypeAlias = Literal["raise", "nan"]
_Progress: TypeAlias = Callable[[int, int | None], object]
_Device: TypeAlias = Literal["auto", "gpu", "cpu"]
_Precision: TypeAlias = Literal["auto", "f32", "f16", "q8", "q8-fast"]
_ScorerName: TypeAlias = Literal[
    "auto",
    "pickscore",
    "clip",
    "hps-v1",
    "hps-v2",
    "hps-v2.1",
    "aesthetic-v1",
    "aesthetic-v2",
    "image-reward",
    "ict",
    "hp",
]

@final
class Info:
    @property
    def model(self) -> str: ...
    @property
    def scorer(self) -> str: ...
    @property
    def is_guess(self) -> bool: ...
    @property
    def reads_prompt(self) -> bool: ...
    @property
    def embedding(self) -> int | None: ...
    @property
    def device(self) -> str: ...
    @property
    def adapter(self) -> str | None: ...
    @property
    def precision(self) -> str: ...
    @property
    def parameters(self) -> int: ...

@final
class Table:
    @property
    def column_names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Range: TypeAlias = tuple[Path, str, str, Path, str | None, list[str], int, int, str]

@final
class DataPlan:
    def __new__(
        cls,
        model: _Path,
        data: list[_Path],
        out: _Path,
        *,
        device: _Device = "auto",
        precision: _Precision = "auto",
        scorer: _ScorerName = "auto",
        head: _Path | None = None,
        prompt_column: str | None = None,
        image_columns: list[str] = ...,
        image_folder: _Path | None = None,
    ) -> DataPlan: ...
    @property
    def rows(self) -> int: ...
    @property
    def identity(self) -> str: ...
    @property
    def ranges(self) -> list[_Range]: ...
    def finish(self) -> None: ...

@final
class RangeScorer:
    def __new__(
        cls,
        model: _Path,
        out: _Path,
        identity: str,
        *,
        device: _Device = "auto",
        precision: _Precision = "auto",
        scorer: _ScorerName = "auto",
        head: _Path | None = None,
    ) -> RangeScorer: ...
    @property
    def device(self) -> str: ...
    def score(self, ranges: list[_Range]) -> tuple[int, int]: ...

@final
class Scorer:
    def __new__(
        cls,
        model: _Path,
        device: _Device = "auto",
        precision: _Precision = "auto",
        scorer: _ScorerName = "auto",
        head: _Path | None = None,
        *,
        progress: _Progress | None = None,
    ) -> Scorer: ...
    @property
    def info(self) -> Info: ...
    def score(
        self,
        prompt: str | None,
        images: Iterable[_Image],
        *,
        errors: _Errors = "raise",
        progress: _Progress | None = None,
    ) -> NDArray[np.float32]: ...
    def score_pairs(
        self,
        prompts: Iterable[str],
        images: Iterable[_Image],
        *,
        errors: _Errors = "raise",
        progress: _Progress | None = None,
    ) -> NDArray[np.float32]: ...
    def embed_text(
        self, prompts: Iterable[str], *, errors: _Errors = "raise", progress: _Progress | None = None
    ) -> NDArray[np.float32]: ...
    def embed_images(
        self, images: Iterable[_Image], *, errors: _Errors = "raise", progress: _Progress | None = None
    ) -> NDArray[np.float32]: ...
    def score_table(
        self,
        table: _ArrowStream,
        prompt: str = "caption",
        image: str = "jpg_0",
        *,
        progress: _Progress | None = None,
    ) -> Table: ...
    def __reduce__(self) -> tuple[type[Scorer], tuple[Any, ...]]: ...
