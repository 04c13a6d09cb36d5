"""Uploads: quota, purge, resumption, one writer at a time."""

import fcntl
from dataclasses import replace
from datetime import timedelta

import pytest

from engines import projects
from engines.core.database import now
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.core.settings import Limits
from engines.data_sources import (
    detect,
    discard_upload,
    finish_upload,
    ingest,
    purge_uploads,
    start_upload,
    upload_status,
    write_slice,
)
from engines.data_sources.uploads import upload_path


def aged(datasets, upload, **age):
    with datasets.db.write() as session:
        upload.touched_at = now() - timedelta(**age)
        session.merge(upload)


@pytest.fixture
def partial(datasets, analyst, experiment_id):
    made = start_upload(datasets, analyst, experiment_id, "a.csv", 100)
    write_slice(datasets, analyst, made.id, 0, b"x" * 40)
    return made


def test_quota_counts_uploads_and_raw_files(datasets, analyst, experiment_id, uploaded):
    small = replace(datasets, limits=Limits(upload_bytes_per_user=100))
    upload = uploaded("a,b\n" + "1,2\n" * 10)  # 44 bytes
    start_upload(small, analyst, experiment_id, "b.csv", 50)
    with pytest.raises(InvalidInput, match="more than your"):
        start_upload(small, analyst, experiment_id, "c.csv", 50)
    made = ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)
    with pytest.raises(InvalidInput, match="more than your"):
        start_upload(small, analyst, experiment_id, "c.csv", 50)
    datasets.raw_path(made.raw_sha256).unlink()
    assert start_upload(small, analyst, experiment_id, "c.csv", 50).size == 50


def test_quota_of_one_person_leaves_the_others_theirs(
    datasets, app_services, analyst, make_actor, experiment_id, uploaded
):
    limits = Limits(upload_bytes_per_user=2 * 10**9)
    small = replace(datasets, limits=limits)
    start_upload(small, analyst, experiment_id, "a.csv", 1_500_000_000)
    with pytest.raises(InvalidInput) as refused:
        start_upload(small, analyst, experiment_id, "b.csv", 1_000_000_000)
    said = "With this file you would store 2.50 GB, more than your 2.00 GB."
    assert refused.value.message == said
    other = make_actor("analyst", name="other")
    theirs = projects.create(app_services.db, other, "Theirs").id
    assert start_upload(small, other, theirs, "b.csv", 1_000_000_000).size == 1_000_000_000


def test_partial_upload_is_never_data(datasets, analyst, partial):
    with pytest.raises(NotReady, match="not complete"):
        detect(datasets, analyst, partial.id)
    with pytest.raises(NotReady, match="Only 40 of 100 bytes"):
        finish_upload(datasets, analyst, partial.id)


def test_partial_upload_survives_a_day_and_no_longer(datasets, analyst, partial):
    aged(datasets, partial, hours=23)
    assert purge_uploads(datasets) == 0
    aged(datasets, partial, hours=25)
    assert purge_uploads(datasets) == 1
    assert not upload_path(datasets, partial).exists()
    with pytest.raises(NotFound):
        upload_status(datasets, analyst, partial.id)


def test_complete_upload_is_kept_for_a_week(datasets, analyst, uploaded):
    upload, _ = upload_status(datasets, analyst, uploaded("a,b\n1,2\n"))
    aged(datasets, upload, days=6)
    assert purge_uploads(datasets) == 0
    aged(datasets, upload, days=8)
    assert purge_uploads(datasets) == 1


def test_two_slices_at_once_are_refused(datasets, analyst, partial):
    with upload_path(datasets, partial).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(NotReady, match="Another slice"):
            write_slice(datasets, analyst, partial.id, 40, b"y" * 60)
    assert write_slice(datasets, analyst, partial.id, 40, b"y" * 60) == 100


def test_slice_after_completion_is_refused(datasets, analyst, uploaded):
    upload = uploaded("a,b\n1,2\n")
    with pytest.raises(NotReady, match="complete"):
        write_slice(datasets, analyst, upload, 8, b"x")


def test_discard_removes_staged_copies_too(datasets, analyst, uploaded):
    upload = uploaded("a,b\nü,2\n".encode("utf-16"))
    detect(datasets, analyst, upload)
    assert list(datasets.scratch_dir.iterdir())
    discard_upload(datasets, analyst, upload)
    assert list(datasets.scratch_dir.iterdir()) == []
