"""OSC over UDP and TCP: from bytes off the network to the hub, and from the hub's news to every client."""
