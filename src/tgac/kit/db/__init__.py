"""The database: engines and sessions, tables' base, types, schema, and the guards below them."""

import sys

import pysqlite3

# Stock Pythons link SQLites that lose commits (the WAL-reset bug); this one is newer. aiosqlite takes what stands here,
# so it stands here before anything of this folder is imported.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
