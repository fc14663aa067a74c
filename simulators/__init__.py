"""The simulated plant: one seeded physical truth behind real protocol servers."""
