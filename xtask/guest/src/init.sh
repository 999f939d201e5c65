#!/bin/sh
# The first program in a guest. The kernel hands on NODE (its number), NODES (how many there are) and MTU, which stand on
# its command line.
export PATH=/bin HOME=/root

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp

# What fails here fails the boot: the host shows the end of this console.
must() {
    "$@" && return
    echo "fencelab: '$*' failed in /init"
    poweroff -f
}

for module in virtio_pci virtio_console virtio_net rdma_rxe rdma_ucm tun; do
    must modprobe $module
done
hostname node$NODE
for number in $(seq $NODES); do
    echo 10.77.0.$number node$number >> /etc/hosts
done
must ip link set lo up
must ip address add 10.77.0.$NODE/24 dev eth0
must ip link set eth0 mtu $MTU up
must rdma link add rxe0 type rxe netdev eth0

# It ends when the host closes the line, which is also how a guest ends whose owner has died.
fencelab-guest-agent /dev/vport0p1
poweroff -f
