"""Signing in: the pop-up on our own origin, the ways through it, and the code that it ends with.

codes.py       what a pop-up that has ended well gives to the page that opened it, and what that gets for it"""
