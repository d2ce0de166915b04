from cfacl_sqlite import SqliteStore

from cfacl.testing.conformance import StoreTests


class TestSqlite(StoreTests):
    def open(self, folder, clock):
        return SqliteStore(folder / "store.db", clock=clock)

    def raw_cells(self, store, family):
        place = store.place(family.table, family)
        rows = store.driver.execute("select key, qualifier, value, stamp from cells where place = ?", [place])
        return {(key, qualifier): [(value, stamp)] for key, qualifier, value, stamp in rows}

    def raw_put(self, store, family, key, qualifier, value, timestamp):
        values = store.place(family.table, family), key, qualifier, value, timestamp
        store.driver.execute("insert into cells values (?, ?, ?, ?, ?)", values)
