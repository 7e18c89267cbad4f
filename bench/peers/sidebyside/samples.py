"""Small arithmetic on samples."""


def percentile(samples, part):
    """The smallest sample that at least `part` (0 to 1) of them do not exceed."""
    ordered = sorted(samples)
    if not ordered:
        return None
    rank = -(-len(ordered) * part // 1)  # Rounded up.
    return ordered[min(len(ordered) - 1, max(0, int(rank) - 1))]


def median(samples):
    return percentile(samples, 0.5)


def spread(samples, digits=1):
    """p50, p99 and the ends, as the JSON has them."""
    if not samples:
        return {"count": 0}
    return {"count": len(samples), "min": round(min(samples), digits),
            "p50": round(median(samples), digits),
            "p99": round(percentile(samples, 0.99), digits),
            "max": round(max(samples), digits)}


def milliseconds(nanoseconds):
    return round(nanoseconds / 1e6, 3)
