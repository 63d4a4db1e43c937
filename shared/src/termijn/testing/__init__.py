"""What tests are written with: given/when/then, a time machine, fault points, mutants. Part of the wheel, so that it is tested with it."""
