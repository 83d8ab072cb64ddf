"""The price engine's compiled parts: plain loops over arrays, typed by numba rather than by hints.

What is called from outside fills arrays it was given and answers with numbers at most: to hand over new
arrays numba runs Python, and a Ctrl-C that arrived meanwhile would come out of it as a SystemError.
"""
