"""Ask stored models: a frame, a sample of the data set, one record, the steps ahead."""

from engines.inference.forecast import forecast, read_rows
from engines.inference.load import StoredModel, load
from engines.inference.predict import SAMPLE_ROWS, predict_frame, predict_record, predict_sample

__all__ = [
    "SAMPLE_ROWS",
    "StoredModel",
    "forecast",
    "load",
    "predict_frame",
    "predict_record",
    "predict_sample",
    "read_rows",
]
