package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// facts are what is known of a volume or snapshot beside its data. They are written last, so that a volume without
// facts is one whose making was interrupted.
type facts struct {
	Bytes  int64     `json:"bytes"`
	Block  bool      `json:"block"`
	Source string    `json:"source,omitempty"`
	Taken  time.Time `json:"taken,omitzero"`
}

// store keeps volumes and snapshots as folders <kind>/<id>/ with a subvolume `data` and a file `facts.json`. A block
// volume is a file `image` inside its subvolume.
type store struct {
	root  string
	mutex sync.Mutex
}

const (
	volumesKind   = "volumes"
	snapshotsKind = "snapshots"
)

var (
	errNotFound = errors.New("not found")
	errTooSmall = errors.New("the volume asked for is smaller than its source")
	errMode     = errors.New("the volume mode asked for is not that of its source")
	identifier  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)
)

func openStore(root string) (*store, error) {
	for _, kind := range []string{volumesKind, snapshotsKind} {
		if err := os.MkdirAll(filepath.Join(root, kind), 0o750); err != nil {
			return nil, err
		}
	}
	return &store{root: root}, nil
}

func (s *store) folder(kind, id string) string { return filepath.Join(s.root, kind, id) }

func (s *store) data(kind, id string) string { return filepath.Join(s.root, kind, id, "data") }

func (s *store) image(id string) string { return filepath.Join(s.data(volumesKind, id), "image") }

// read returns errNotFound for what does not exist or was never finished.
func (s *store) read(kind, id string) (facts, error) {
	var found facts
	if !identifier.MatchString(id) {
		return found, fmt.Errorf("%s %q: %w", kind, id, errNotFound)
	}
	text, err := os.ReadFile(filepath.Join(s.folder(kind, id), "facts.json"))
	if errors.Is(err, os.ErrNotExist) {
		return found, fmt.Errorf("%s %q: %w", kind, id, errNotFound)
	}
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

// origin is where a new volume's data come from: a snapshot or a volume; the zero value means an empty volume.
type origin struct{ kind, id string }

// createVolume makes the volume, or finds it made.
func (s *store) createVolume(id string, wanted facts, from origin) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, err := s.read(volumesKind, id); !errors.Is(err, errNotFound) {
		return err
	}
	if err := s.clear(volumesKind, id); err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder(volumesKind, id), 0o750); err != nil {
		return err
	}
	if from.kind == "" {
		if err := btrfs("subvolume", "create", s.data(volumesKind, id)); err != nil {
			return err
		}
	} else if err := s.copyInto(id, wanted, from); err != nil {
		return err
	}
	if wanted.Block {
		if err := resize(s.image(id), wanted.Bytes); err != nil {
			return err
		}
	}
	return s.write(volumesKind, id, wanted)
}

func (s *store) copyInto(id string, wanted facts, from origin) error {
	source, err := s.read(from.kind, from.id)
	if err != nil {
		return err
	}
	if wanted.Bytes < source.Bytes {
		return fmt.Errorf("%w: %d bytes asked for, %s %s has %d", errTooSmall, wanted.Bytes, from.kind, from.id, source.Bytes)
	}
	if wanted.Block != source.Block {
		return errMode
	}
	return btrfs("subvolume", "snapshot", s.data(from.kind, from.id), s.data(volumesKind, id))
}

// createSnapshot takes a read-only snapshot, or finds it taken. Its time is read just before, so that it never
// claims to be newer than its data.
func (s *store) createSnapshot(id, volume string) (facts, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if found, err := s.read(snapshotsKind, id); !errors.Is(err, errNotFound) {
		return found, err
	}
	source, err := s.read(volumesKind, volume)
	if err != nil {
		return facts{}, err
	}
	if err := s.clear(snapshotsKind, id); err != nil {
		return facts{}, err
	}
	if err := os.MkdirAll(s.folder(snapshotsKind, id), 0o750); err != nil {
		return facts{}, err
	}
	taken := facts{Bytes: source.Bytes, Block: source.Block, Source: volume, Taken: time.Now().UTC()}
	if err := btrfs("subvolume", "snapshot", "-r", s.data(volumesKind, volume), s.data(snapshotsKind, id)); err != nil {
		return facts{}, err
	}
	return taken, s.write(snapshotsKind, id, taken)
}

// remove deletes a volume or snapshot; one that does not exist is no error.
func (s *store) remove(kind, id string) error {
	if !identifier.MatchString(id) {
		return nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.clear(kind, id)
}

func (s *store) clear(kind, id string) error {
	if err := os.Remove(filepath.Join(s.folder(kind, id), "facts.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(s.data(kind, id)); err == nil {
		if err := btrfs("subvolume", "delete", s.data(kind, id)); err != nil {
			return err
		}
	}
	return os.RemoveAll(s.folder(kind, id))
}

func (s *store) write(kind, id string, value facts) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	path := filepath.Join(s.folder(kind, id), "facts.json")
	if err := os.WriteFile(path+".new", text, 0o640); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func resize(path string, bytes int64) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Truncate(bytes)
}

func btrfs(arguments ...string) error { return command("btrfs", arguments...) }

func command(name string, arguments ...string) error {
	output, err := exec.Command(name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
