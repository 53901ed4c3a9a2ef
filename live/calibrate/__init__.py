"""`cities calibrate`: sheet, light and inks in one guided pass, in the projector's window.

Made as the show is: a frozen state with commands and one pure function (`steps`), a pure drawing function
(`screen`), what a frame shows (`look`), and a thin loop at the edge that holds the real parts (`guide`).
"""
