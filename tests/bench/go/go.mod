module golab/bench

go 1.19
