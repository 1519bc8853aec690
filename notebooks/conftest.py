"""nbval: progress bars go to stderr, where they differ from run to run."""


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):  # nbval's notebook collector
        collector.skip_compare += ("stderr",)
