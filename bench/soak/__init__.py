"""An hour of a server's life: machines come, boot, go and come again, and nothing may grow.

::

    churn      which machines come in which round, and what their site looks like: data
    fleet      boots them, round after round, in the machines' network namespace
    bystanders people and other things: edits, SIGHUPs, pages, tokens, runs of a workflow
    sampled    what a server holds and how fast it answers, now
    verdict    pure: what the samples and rounds mean; whether all stayed flat
    drawn      the picture
"""
