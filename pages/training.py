"""Training page: what is suggested, a request, the run under way, and the runs before it."""

import streamlit as st

from app import training_advice, training_draft, training_form, training_request
from app import training_view as view
from app.services import services
from app.ui import boundary, empty_state, go, header, page_actor, page_experiment
from engines import training
from engines.core.access import Capability

actor = page_actor(Capability.RESULTS_READ)
experiment = page_experiment(actor, "Train")
header("Train", experiment, "training")
svc = services()

runs = training.follow(svc.db, actor, experiment.id, svc.experiments, svc.scheduler)
running = next((run for run in runs if run.is_live), None)
if running:
    view.live_run(actor, running)

may_see_data = actor.may(Capability.DATA_READ)
table = svc.datasets.current(actor, experiment.id) if may_see_data else None
if may_see_data and table is None:
    empty_state(
        "No data yet",
        "A model learns from a table: upload one or take a sample.",
        action="Set the data",
        page="data",
        experiment=experiment.id,
    )

if table:
    repeat = next((run for run in runs if run.id == st.query_params.get("from")), None)
    wanted = st.query_params.get("target") or (repeat.request["target"] if repeat else "")
    known = wanted if wanted in table.public_names else ""
    with boundary():
        advice = training_advice.advice_for(actor, table, experiment.objective, known)
        training_advice.suggestions(advice)
        start = training_request.suggested(experiment, table, advice)
        if repeat:
            start = training_request.repeated(repeat, table, advice.target, start)
            st.info(f"Filled with the settings of the run of {repeat.created_at:%Y-%m-%d %H:%M}.")
        if training_advice.may_train(actor, experiment):
            draft = training_draft.Draft(
                experiment.id, repeat.id if repeat else "new", advice.target
            )
            request = training_form.ask(table, advice, start, draft)
            with st.expander("Show the code"):
                st.code(training_request.code(request), language="python")
            with st.container(horizontal=True):
                pressed = st.button("Start training", type="primary", icon=":material/play_arrow:")
                if st.button("Back to the suggestions", on_click=draft.forget, type="tertiary"):
                    go("training", experiment=experiment.id)
            if pressed:
                training.start(svc.db, actor, request, svc.experiments, svc.datasets, svc.scheduler)
                st.toast("The run is queued.")
                st.rerun()

past = [run for run in runs if run is not running]  # that one is shown above
if past:
    view.history(actor, past)
elif not may_see_data and not running:
    empty_state("No runs yet", "The runs of this experiment will be listed here.")
