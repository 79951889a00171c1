// Lists the exports of an NBD server, one on each line: main NETWORK ADDRESS.
package main

import (
	"fmt"
	"log"
	"net"
	"os"

	"github.com/pojntfx/go-nbd/pkg/client"
)

func main() {
	connection, err := net.Dial(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	names, err := client.List(connection)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		fmt.Println(name)
	}
}
