package main

import (
	"context"
	"errors"
	"fmt"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisioner answers claims with volumes: empty ones, ones made from a VolumeSnapshot, and clones of another claim.
type provisioner struct {
	node      string
	store     *store
	claims    kubernetes.Interface
	snapshots snapshots.Interface
}

func (*provisioner) SupportsBlock(context.Context) bool { return true }

func (p *provisioner) Provision(ctx context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	from, err := p.origin(ctx, claim)
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	size := claim.Spec.Resources.Requests[v1.ResourceStorage]
	block := claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode == v1.PersistentVolumeBlock
	if err := p.store.createVolume(options.PVName, facts{Bytes: size.Value(), Block: block}, from); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			Capacity:                      v1.ResourceList{v1.ResourceStorage: size},
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			MountOptions:                  options.StorageClass.MountOptions,
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			NodeAffinity:                  p.affinity(),
			PersistentVolumeSource: v1.PersistentVolumeSource{
				CSI: &v1.CSIPersistentVolumeSource{Driver: driverName, VolumeHandle: options.PVName},
			},
		},
	}, controller.ProvisioningFinished, nil
}

func (p *provisioner) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.CSI == nil || volume.Spec.CSI.Driver != driverName {
		return &controller.IgnoredError{Reason: "not a volume of this driver"}
	}
	return p.store.remove(volumesKind, volume.Spec.CSI.VolumeHandle)
}

// affinity ties a volume to the one node that has it, as local storage is.
func (p *provisioner) affinity() *v1.VolumeNodeAffinity {
	here := v1.NodeSelectorRequirement{Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{p.node}}
	term := v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{here}}
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{term}}}
}

func (p *provisioner) origin(ctx context.Context, claim *v1.PersistentVolumeClaim) (origin, error) {
	source := claim.Spec.DataSourceRef
	if source == nil {
		return origin{}, nil
	}
	if source.Namespace != nil && *source.Namespace != claim.Namespace {
		return origin{}, errors.New("this driver makes no volumes from sources in another namespace")
	}
	group := ""
	if source.APIGroup != nil {
		group = *source.APIGroup
	}
	switch {
	case group == snapshotv1.GroupName && source.Kind == "VolumeSnapshot":
		return p.snapshotOrigin(ctx, claim, source.Name)
	case group == "" && source.Kind == "PersistentVolumeClaim":
		return p.claimOrigin(ctx, claim.Namespace, source.Name)
	}
	return origin{}, &controller.IgnoredError{Reason: "the data source is another populator's"}
}

func (p *provisioner) snapshotOrigin(ctx context.Context, claim *v1.PersistentVolumeClaim, name string) (origin, error) {
	snapshot, err := p.snapshots.SnapshotV1().VolumeSnapshots(claim.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return origin{}, err
	}
	status := snapshot.Status
	if status == nil || status.ReadyToUse == nil || !*status.ReadyToUse || status.BoundVolumeSnapshotContentName == nil {
		return origin{}, fmt.Errorf("VolumeSnapshot %s is not ready to use", name)
	}
	content, err := p.snapshots.SnapshotV1().VolumeSnapshotContents().Get(ctx, *status.BoundVolumeSnapshotContentName, metav1.GetOptions{})
	if err != nil {
		return origin{}, err
	}
	if content.Spec.Driver != driverName {
		return origin{}, fmt.Errorf("VolumeSnapshot %s is one of driver %s", name, content.Spec.Driver)
	}
	if content.Status == nil || content.Status.SnapshotHandle == nil {
		return origin{}, fmt.Errorf("VolumeSnapshotContent %s has no handle yet", content.Name)
	}
	return origin{kind: snapshotsKind, id: *content.Status.SnapshotHandle}, nil
}

func (p *provisioner) claimOrigin(ctx context.Context, namespace, name string) (origin, error) {
	source, err := p.claims.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return origin{}, err
	}
	if source.Status.Phase != v1.ClaimBound {
		return origin{}, fmt.Errorf("claim %s, the data source, is not bound", name)
	}
	volume, err := p.claims.CoreV1().PersistentVolumes().Get(ctx, source.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return origin{}, err
	}
	if volume.Spec.CSI == nil || volume.Spec.CSI.Driver != driverName {
		return origin{}, fmt.Errorf("claim %s, the data source, is not a volume of this driver", name)
	}
	return origin{kind: volumesKind, id: volume.Spec.CSI.VolumeHandle}, nil
}
