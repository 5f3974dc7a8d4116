package main

import (
	"context"
	"errors"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// controllerService makes and deletes snapshots; volumes are made by the provisioner.
type controllerService struct {
	csi.UnimplementedControllerServer
	store *store
}

func (*controllerService) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	var capabilities []*csi.ControllerServiceCapability
	for _, kind := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS,
	} {
		capabilities = append(capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: kind}},
		})
	}
	return &csi.ControllerGetCapabilitiesResponse{Capabilities: capabilities}, nil
}

func (s *controllerService) CreateSnapshot(_ context.Context, request *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if !identifier.MatchString(request.GetName()) {
		return nil, status.Errorf(codes.InvalidArgument, "%q cannot be the name of a snapshot", request.GetName())
	}
	taken, err := s.store.createSnapshot(request.GetName(), request.GetSourceVolumeId())
	if errors.Is(err, errNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if taken.Source != request.GetSourceVolumeId() {
		return nil, status.Errorf(codes.AlreadyExists, "snapshot %s is one of volume %s", request.GetName(), taken.Source)
	}
	return &csi.CreateSnapshotResponse{Snapshot: describe(request.GetName(), taken)}, nil
}

func (s *controllerService) DeleteSnapshot(_ context.Context, request *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if err := s.store.remove(snapshotsKind, request.GetSnapshotId()); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.DeleteSnapshotResponse{}, nil
}

// ListSnapshots answers for one snapshot, which is how csi-snapshotter asks about those it did not make itself, or
// for all.
func (s *controllerService) ListSnapshots(_ context.Context, request *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	wanted := []string{request.GetSnapshotId()}
	if request.GetSnapshotId() == "" {
		found, err := os.ReadDir(s.store.folder(snapshotsKind, ""))
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		wanted = nil
		for _, entry := range found {
			wanted = append(wanted, entry.Name())
		}
	}
	response := &csi.ListSnapshotsResponse{}
	for _, id := range wanted {
		taken, err := s.store.read(snapshotsKind, id)
		if errors.Is(err, errNotFound) {
			continue
		}
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		if request.GetSourceVolumeId() == "" || request.GetSourceVolumeId() == taken.Source {
			response.Entries = append(response.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: describe(id, taken)})
		}
	}
	return response, nil
}

func describe(id string, taken facts) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:     id,
		SourceVolumeId: taken.Source,
		SizeBytes:      taken.Bytes,
		CreationTime:   timestamppb.New(taken.Taken),
		ReadyToUse:     true,
	}
}
