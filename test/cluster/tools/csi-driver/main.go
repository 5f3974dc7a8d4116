// Command csi-driver is a CSI driver for the test cluster: volumes are btrfs subvolumes, so that snapshots are
// instant and hold the volume as it was at one moment, as those of a real storage system do. One process serves the
// kubelet (node service), csi-snapshotter (controller service) and the claims (provisioner).
package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	"google.golang.org/grpc"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/mount-utils"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const driverName = "btrfs.holdfast.dev"

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of a user that may manage volumes, claims and snapshots")
	node := flag.String("node", "", "name of the node this driver serves")
	root := flag.String("volumes", "", "folder on a btrfs file system that holds volumes and snapshots")
	kubeletRoot := flag.String("kubelet-root", "", "root folder of the kubelet")
	klog.InitFlags(nil)
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *node, *root, *kubeletRoot); err != nil && !errors.Is(err, context.Canceled) {
		klog.ErrorS(err, "The driver stopped")
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, node, root, kubeletRoot string) error {
	store, err := openStore(root)
	if err != nil {
		return err
	}
	endpoint := filepath.Join(kubeletRoot, "plugins", driverName, "csi.sock")
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, &identityService{})
	csi.RegisterControllerServer(server, &controllerService{store: store})
	csi.RegisterNodeServer(server, &nodeService{node: node, store: store, mounter: mount.New("")})
	if err := listen(server, endpoint); err != nil {
		return err
	}
	register := grpc.NewServer()
	registration.RegisterRegistrationServer(register, &registrationService{endpoint: endpoint})
	if err := listen(register, filepath.Join(kubeletRoot, "plugins_registry", driverName+"-reg.sock")); err != nil {
		return err
	}
	return provision(ctx, kubeconfig, node, store)
}

// listen serves on a unix socket in the background; the socket a killed driver left behind is replaced.
func listen(server *grpc.Server, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	go func() {
		if err := server.Serve(listener); err != nil {
			klog.ErrorS(err, "A service stopped", "socket", path)
			os.Exit(1)
		}
	}()
	return nil
}

func provision(ctx context.Context, kubeconfig, node string, store *store) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	snapshotClient, err := snapshots.NewForConfig(config)
	if err != nil {
		return err
	}
	// Retries are quick and without end: a claim made together with its snapshot has to wait for it a moment.
	retries := workqueue.NewTypedItemExponentialFailureRateLimiter[string](200*time.Millisecond, 10*time.Second)
	controller.NewProvisionController(ctx, client, driverName,
		&provisioner{node: node, store: store, claims: client, snapshots: snapshotClient},
		controller.LeaderElection(false),
		controller.AddFinalizer(true),
		controller.RateLimiter(retries),
		controller.FailedProvisionThreshold(0),
		controller.FailedDeleteThreshold(0),
	).Run(ctx)
	return nil
}
