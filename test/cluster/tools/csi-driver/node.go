package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/mount-utils"
)

// nodeService puts volumes where the kubelet wants them: a bind mount of the subvolume, or of a loop device on its
// image.
type nodeService struct {
	csi.UnimplementedNodeServer
	node    string
	store   *store
	mounter mount.Interface
}

func (*nodeService) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

func (s *nodeService) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: s.node}, nil
}

func (s *nodeService) NodePublishVolume(_ context.Context, request *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	id, target := request.GetVolumeId(), request.GetTargetPath()
	volume, err := s.store.read(volumesKind, id)
	if errors.Is(err, errNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if wantsBlock := request.GetVolumeCapability().GetBlock() != nil; wantsBlock != volume.Block {
		return nil, status.Errorf(codes.InvalidArgument, "volume %s is of the other volume mode", id)
	}
	if mounted, err := s.mounter.IsMountPoint(target); err == nil && mounted {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := s.publish(id, target, volume.Block, request.GetReadonly()); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (s *nodeService) publish(id, target string, block, readOnly bool) error {
	if block {
		device, err := attachLoop(s.store.image(id), readOnly)
		if err != nil {
			return err
		}
		if err := touch(target); err != nil {
			return err
		}
		return s.mounter.Mount(device, target, "", []string{"bind"})
	}
	if err := os.MkdirAll(target, 0o750); err != nil {
		return err
	}
	options := []string{"bind"}
	if readOnly {
		options = append(options, "ro")
	}
	// The mounter binds first and makes read-only after: what failed between the two must not stay.
	if err := s.mounter.Mount(s.store.data(volumesKind, id), target, "", options); err != nil {
		return errors.Join(err, mount.CleanupMountPoint(target, s.mounter, true))
	}
	return nil
}

func (s *nodeService) NodeUnpublishVolume(_ context.Context, request *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	id, target := request.GetVolumeId(), request.GetTargetPath()
	if err := mount.CleanupMountPoint(target, s.mounter, true); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if volume, err := s.store.read(volumesKind, id); err == nil && volume.Block && !s.published(id) {
		if err := detachLoop(s.store.image(id)); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// published tells whether another pod still has the block volume: its device is then mounted elsewhere.
func (s *nodeService) published(id string) bool {
	device, err := findLoop(s.store.image(id))
	if err != nil || device == "" {
		return false
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	return err != nil || strings.Contains(string(table), " /"+filepath.Base(device)+" ")
}

func touch(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o640)
	if err != nil {
		return err
	}
	return file.Close()
}

func attachLoop(image string, readOnly bool) (string, error) {
	if device, err := findLoop(image); err != nil || device != "" {
		return device, err
	}
	arguments := []string{"--find", "--show", image}
	if readOnly {
		arguments = append([]string{"--read-only"}, arguments...)
	}
	output, err := exec.Command("losetup", arguments...).Output()
	return strings.TrimSpace(string(output)), err
}

func findLoop(image string) (string, error) {
	output, err := exec.Command("losetup", "--noheadings", "--output", "NAME", "--associated", image).Output()
	return strings.TrimSpace(strings.SplitN(string(output), "\n", 2)[0]), err
}

func detachLoop(image string) error {
	device, err := findLoop(image)
	if err != nil || device == "" {
		return err
	}
	return command("losetup", "--detach", device)
}
