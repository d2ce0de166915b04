from hypothesis import settings

from cfacl.testing.machine import StoreMachine


class Guarded(StoreMachine):
    def location(self, folder):
        return f"sqlite://{folder}/home.db"


TestGuarded = Guarded.TestCase
TestGuarded.settings = settings(max_examples=10, deadline=None, database=None)
