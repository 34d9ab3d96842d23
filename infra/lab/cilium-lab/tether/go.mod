module tidegate.dev/lab/tether

go 1.24
