"""From arrays to spikes: one compiled chunk of steps, called until time is up."""
