"""Trading partners that speak X12 or EDIFACT, each as its profile says."""
