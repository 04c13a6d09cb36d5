"""What is kept for how long, and what is cleared away."""

import os
import subprocess
import time
from dataclasses import replace

import pytest

from engines.core.errors import NotFound
from engines.core.settings import Limits
from engines.data_sources import clean, detect, ingest, purge_uploads, restore, use_sample
from engines.data_sources.options import Step
from engines.data_sources.partials import partial_of, remove_abandoned
from engines.data_sources.staging import staged

DAY = 86_400


def aged(file, days):
    then = time.time() - days * DAY
    os.utime(file, (then, then))


@pytest.fixture
def used(datasets, analyst, uploaded):
    upload = uploaded("k,v\n1,a\n1,a\n2,b\n")
    return ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)


def test_partial_of_a_dead_process_goes_and_that_of_a_living_one_stays(tmp_path):
    writer = subprocess.Popen(["sleep", "60"])
    dead, living = (tmp_path / f"{name}.{writer.pid}-1.partial" for name in ("dead", "living"))
    mine = partial_of(tmp_path / "mine.parquet")
    odd = tmp_path / "odd.partial"
    for file in (living, mine, odd):
        file.touch()
    assert remove_abandoned(tmp_path) == 1
    assert (living.exists(), mine.exists(), odd.exists()) == (True, True, False)
    living.rename(dead)
    writer.kill()
    writer.wait()
    assert remove_abandoned(tmp_path) == 1
    assert (dead.exists(), mine.exists()) == (False, True)


def test_partial_older_than_the_process_of_that_number_goes(tmp_path):
    former = partial_of(tmp_path / "a.parquet")  # as of a process before a restart
    former.touch()
    aged(former, 400)
    assert remove_abandoned(tmp_path) == 1


def test_raw_file_in_use_stays_however_old(datasets, analyst, used):
    raw = datasets.raw_path(used.raw_sha256)
    aged(raw, 400)
    purge_uploads(datasets)
    assert raw.exists()
    assert clean(datasets, analyst, used.id, (Step.DROP_DUPLICATES,)).rows == 2


def test_raw_file_out_of_use_goes_after_its_time_and_the_table_stays(
    datasets, analyst, experiment_id, used, shared_data
):
    raw = datasets.raw_path(used.raw_sha256)
    aged(raw, 400)
    use_sample(datasets, analyst, experiment_id, "wholesale_customers.csv", shared_data)
    purge_uploads(datasets)
    assert raw.exists(), "its time begins when it goes out of use"
    aged(raw, 29)
    purge_uploads(datasets)
    assert raw.exists()
    aged(raw, 31)
    purge_uploads(datasets)
    assert not raw.exists()
    back = restore(datasets, analyst, used.id)
    assert datasets.table(analyst, back.id).path.exists()
    with pytest.raises(NotFound, match="raw file of this data set is gone"):
        clean(datasets, analyst, used.id, (Step.DROP_DUPLICATES,))


def test_raw_files_time_is_a_setting(datasets, analyst, experiment_id, used, shared_data):
    raw = datasets.raw_path(used.raw_sha256)
    use_sample(datasets, analyst, experiment_id, "wholesale_customers.csv", shared_data)
    aged(raw, 3)
    purge_uploads(replace(datasets, limits=Limits(raw_kept_days=2)))
    assert not raw.exists()


def test_readable_copy_goes_a_day_after_it_was_last_looked_at(datasets, analyst, uploaded):
    upload = uploaded("a,b\nü,2\n".encode("utf-16"))
    options = detect(datasets, analyst, upload).options
    [copy] = datasets.scratch_dir.iterdir()
    aged(copy, 2)
    part = datasets.uploads_dir / f"{upload}.part"
    assert staged(part, options, datasets.scratch_dir) == copy
    purge_uploads(datasets)
    assert copy.exists(), "it has just been looked at"
    aged(copy, 2)
    purge_uploads(datasets)
    assert not copy.exists()
    assert ingest(datasets, analyst, upload, options).rows == 1


def test_bytes_without_an_upload_go_after_a_day(datasets, uploaded):
    upload = uploaded("a,b\n1,2\n")
    known = datasets.uploads_dir / f"{upload}.part"
    orphan, fresh = datasets.uploads_dir / "gone.part", datasets.uploads_dir / "fresh.part"
    for file in (orphan, fresh):
        file.touch()
    aged(known, 2)
    aged(orphan, 2)
    purge_uploads(datasets)
    assert (known.exists(), orphan.exists(), fresh.exists()) == (True, False, True)
