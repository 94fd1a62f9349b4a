"""One run of progressive growing: schedule, losses, optimization steps, the loop round them and the run folder."""
