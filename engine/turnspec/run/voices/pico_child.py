"""A program of its own: says what comes in as UTF-8 by SVOX Pico, as bare samples of 16 bits at 16 kHz.

The library keeps state from text to text, and takes no threads: each text gets a fresh process. It is run by
its path, so that nothing of turnspec has to be imported first.
"""

import sys

from py_nanotts import NanoTTS

if __name__ == "__main__":
    text = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(NanoTTS().speak(text, voice=sys.argv[1]))
