//! A recording that was killed, and what another run makes of it.
