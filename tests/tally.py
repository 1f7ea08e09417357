"""What the tests in Python count: check() for each thing, total() at the end."""
count = [0, 0]  # passed, failed


def check(ok, what, *more):
    """One thing that must be so; `what` and `more` say what it is when it is not. Returns `ok`."""
    count[not ok] += 1
    if not ok:
        print("FAIL", what, *more)
    return ok


def total():
    """The closing line; true when something failed, for sys.exit()."""
    print("%d passed, %d failed" % tuple(count))
    return count[1] != 0
