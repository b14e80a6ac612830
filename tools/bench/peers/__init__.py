"""The programs that are measured, each behind the interface of peer.py."""
