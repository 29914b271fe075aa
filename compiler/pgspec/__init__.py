"""pgspec compiles YAML specs into PostgreSQL migrations, rollbacks and verification queries."""

__version__ = "0.1.0"
