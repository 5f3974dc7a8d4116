// Command pause is the first process of every pod: it holds the pod's namespaces, reaps what is orphaned in them, and
// ends when told to.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	orphaned := make(chan os.Signal, 1)
	signal.Notify(orphaned, syscall.SIGCHLD)
	for {
		select {
		case <-ended:
			return
		case <-orphaned:
			for pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid > 0 && err == nil; {
				pid, err = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			}
		}
	}
}
