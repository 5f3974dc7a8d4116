// Command cron answers what Kubernetes makes of cron expressions, with the parser and the rules of its CronJob
// controller: one question as JSON on each line of standard input, one answer on each line of standard output.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"
	_ "time/tzdata" // whatever the machine has installed

	"github.com/robfig/cron/v3"
)

type question struct {
	Cron     string    `json:"cron"`
	TimeZone string    `json:"timeZone"`
	After    time.Time `json:"after"`
	Count    int       `json:"count"`
}

type answer struct {
	Slots []time.Time `json:"slots"`
	Error string      `json:"error,omitempty"`
}

func main() {
	questions := json.NewDecoder(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for questions.More() {
		var q question
		if err := questions.Decode(&q); err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(ask(q)); err != nil {
			log.Fatal(err)
		}
	}
}

func ask(q question) answer {
	schedule, err := cron.ParseStandard(fmt.Sprintf("TZ=%s %s", q.TimeZone, q.Cron))
	if err != nil {
		return answer{Error: err.Error()}
	}
	slots := []time.Time{}
	for at := q.After; len(slots) < q.Count; {
		at = schedule.Next(at)
		if at.IsZero() {
			break
		}
		slots = append(slots, at.UTC())
	}
	return answer{Slots: slots}
}
