#!/bin/sh
# The first program in a guest. The kernel hands on KERNEL (debian or user-mode), NODE (its number), NODES (how many there
# are), MTU and RDMA (rxe or siw), which stand on its command line.
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

case $KERNEL in
debian)
    for module in virtio_pci virtio_console virtio_net rdma_$RDMA rdma_ucm tun; do
        must modprobe $module
    done
    line=/dev/vport0p1
    ;;
user-mode)
    # Everything is built in. The line is a terminal to the kernel, which shall leave bytes as they are.
    line=/dev/ttyS0
    must stty -F $line raw -echo
    must ip link set vec0 name eth0
    # This processor has no clock to be read there; perftest, which reckons with one, would measure nothing.
    { cat /proc/cpuinfo; echo "cpu MHz : $MEGAHERTZ"; } > /tmp/cpuinfo
    must mount --bind /tmp/cpuinfo /proc/cpuinfo
    ;;
esac
hostname node$NODE
for number in $(seq $NODES); do
    echo 10.77.0.$number node$number >> /etc/hosts
done
must ip link set lo up
must ip address add 10.77.0.$NODE/24 dev eth0
must ip link set eth0 mtu $MTU up
must rdma link add ${RDMA}0 type $RDMA netdev eth0

# It ends when the host closes the line, which is also how a guest ends whose owner has died.
fencelab-guest-agent $line
poweroff -f
