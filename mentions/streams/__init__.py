"""The Redis that both processes share: the queue of claims, what followers hear, and limits over all processes.

link.py       the way to Redis (embedded.py starts our own); raises `Unavailable` while it is away
queue.py      claims from their 201 to their outcome
events.py     news of claims and pages
errands.py    what the service asks a worker for, and the answer
hub.py        the one connection through which a process hears
limits.py     token buckets and leases
visitors.py   who is the same visitor as before
signing.py    keys that all processes sign with
traces.py     what comments of the day have in common"""
