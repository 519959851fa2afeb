"""The parts of cpu-peers: `imagine` and other programs on one processor, measured in turns."""
