"""Data sources: take files in, tell what they hold, store them as typed tables, show their rows."""

from engines.data_sources.datasets import (
    Datasets,
    attach,
    current,
    get,
    history,
    restore,
    set_anonymised,
)
from engines.data_sources.dialect import DELIMITERS, QUOTES
from engines.data_sources.encoding import ENCODINGS
from engines.data_sources.files import EXTENSIONS
from engines.data_sources.ingestion import Ingested
from engines.data_sources.intake import (
    clean,
    correct_type,
    detect,
    ingest,
    ingest_file,
    is_big,
    preview_file,
    queue_ingest,
    queue_revise,
    read_options,
    revise,
    run_ingest_job,
)
from engines.data_sources.models import Dataset, Upload
from engines.data_sources.options import (
    STEPS,
    ColumnChoice,
    Detection,
    ReadOptions,
    Seen,
    Step,
)
from engines.data_sources.rows import Match, RowFilter, RowPage, export_rows, page_rows
from engines.data_sources.samples import SAMPLES, Sample, use_sample
from engines.data_sources.uploads import (
    SLICE_BYTES,
    broken_uploads,
    discard_upload,
    finish_upload,
    pending_upload,
    purge_uploads,
    start_upload,
    upload_status,
    write_slice,
)

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "EXTENSIONS",
    "QUOTES",
    "SAMPLES",
    "SLICE_BYTES",
    "STEPS",
    "ColumnChoice",
    "Dataset",
    "Datasets",
    "Detection",
    "Ingested",
    "Match",
    "ReadOptions",
    "RowFilter",
    "RowPage",
    "Sample",
    "Seen",
    "Step",
    "Upload",
    "attach",
    "broken_uploads",
    "clean",
    "correct_type",
    "current",
    "detect",
    "discard_upload",
    "export_rows",
    "finish_upload",
    "get",
    "history",
    "ingest",
    "ingest_file",
    "is_big",
    "page_rows",
    "pending_upload",
    "preview_file",
    "purge_uploads",
    "queue_ingest",
    "queue_revise",
    "read_options",
    "restore",
    "revise",
    "run_ingest_job",
    "set_anonymised",
    "start_upload",
    "upload_status",
    "use_sample",
    "write_slice",
]
