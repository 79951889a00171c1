module go-nbd-client

go 1.20

require github.com/pojntfx/go-nbd v0.3.2

require github.com/pilebones/go-udev v0.9.0 // indirect
