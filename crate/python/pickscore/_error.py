"""The exception and the warning of this package."""

from __future__ import annotations


class PickScoreError(Exception):
    """An error with a code that is stable between versions.

    ================== ================================================================
    code               cause
    ================== ================================================================
    bad-argument       an argument has the wrong type or value
    not-found          the model, one of its files or an image does not exist
    not-clip           the configuration describes another kind of model
    model-config       a configuration is damaged, unsupported or that of another model
    model-weights      the weights are damaged, or do not match the configuration
    other-scorer       the model is another scorer's than ``scorer``
    no-head            the scorer needs a head, and there is none
    bad-head           the head is damaged, does not fit, is not needed or one of several
    model-manifest     the shard manifest or a shard is damaged
    precision          the weights cannot be stored in the requested precision
    no-webgpu          no GPU is available through wgpu; use ``device="cpu"``
    device-failed      the device failed or returned wrong results
    device-lost        the process was forked after the model was loaded onto a GPU
    out-of-memory      there is too little memory for the model
    no-embedding       the scorer reads prompt and image together, and has no embeddings
    empty-prompt       a prompt is empty
    image-unreadable   the file of an image cannot be read
    image-format       the format of an image is not supported
    image-too-large    an image has too many pixels
    image-damaged      an image is damaged or truncated
    table-unreadable   a table cannot be read, or lacks a column
    output             the scores of a dataset cannot be written
    crashed            the engine stopped because of a bug
    internal           another bug
    ================== ================================================================

    >>> from pickscore import PickScoreError, Scorer
    >>> try:
    ...     Scorer("no/such/folder")
    ... except PickScoreError as error:
    ...     error.code
    'not-found'
    """

    code: str
    """The code."""
    index: int | None
    """The place of the image or prompt that caused the error, if one did."""

    def __init__(self, code: str, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.index = index

    def __reduce__(self) -> tuple[type[PickScoreError], tuple[str, str, int | None]]:
        return type(self), (self.code, str(self), self.index)


class PickScoreWarning(UserWarning):
    """A result that may not be what was meant.

    Either the scorer was assumed from the name of the model; ``scorer`` chooses another. Or prompts
    are longer than the model reads and were cut off: a call warns of the first three, and of how
    many more there are.

    >>> import warnings
    >>> from pickscore import PickScoreWarning, Scorer
    >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     _ = scorer.embed_text(["a fox " * 100])
    >>> issubclass(caught[0].category, PickScoreWarning)
    True
    """
