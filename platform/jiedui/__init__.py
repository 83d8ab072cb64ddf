"""jiedui: pairs volunteers with households, tells each household who its helper is, follows every pair up."""

import os

# Piccolo finds its engine by this name; saying it here keeps every entry point (web, worker, tests) the same.
os.environ.setdefault("PICCOLO_CONF", "jiedui.store.piccolo_conf")
