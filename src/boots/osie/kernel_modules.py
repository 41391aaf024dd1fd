"""Which kernel modules go into an image, and which lie beside it, as data.

Patterns as in `boots.osie.drivers.select`; one that matches nothing is no fault, as each kernel has
other modules.
"""

FILE_SYSTEMS = (
    "kernel/drivers/block/loop",
    "kernel/fs/efivarfs/*",
    "kernel/fs/ext4/*",
    "kernel/fs/fat/*",
    "kernel/fs/isofs/*",
    "kernel/fs/nls/nls_ascii",
    "kernel/fs/nls/nls_cp437",
    "kernel/fs/nls/nls_iso8859-1",
    "kernel/fs/nls/nls_utf8",
    "kernel/fs/overlayfs/*",
    "kernel/fs/squashfs/*",
    "kernel/fs/xfs/*",
    "kernel/*/crc32c*",
    "kernel/*/crc32*pclmul*",
)

VOLUMES = (
    "kernel/drivers/md/dm-crypt",
    "kernel/drivers/md/dm-flakey",
    "kernel/drivers/md/dm-mod",
    "kernel/drivers/md/dm-snapshot",
    "kernel/drivers/md/dm-thin-pool",
    "kernel/drivers/md/md-mod",
    "kernel/drivers/md/raid*",
)

VIRTUAL_MACHINES = (
    "kernel/drivers/ata/ata_generic",
    "kernel/drivers/ata/ata_piix",
    "kernel/drivers/block/virtio_blk",
    "kernel/drivers/block/xen-blkfront",
    "kernel/drivers/char/hw_random/virtio-rng",
    "kernel/drivers/hid/hid-hyperv",
    "kernel/drivers/hv/hv_utils",
    "kernel/drivers/hv/hv_vmbus",
    "kernel/drivers/input/serio/hyperv-keyboard",
    "kernel/drivers/net/ethernet/amazon/*",
    "kernel/drivers/net/ethernet/google/*",
    "kernel/drivers/net/ethernet/intel/ixgbevf/*",
    "kernel/drivers/net/ethernet/microsoft/*",
    "kernel/drivers/net/hyperv/*",
    "kernel/drivers/net/virtio_net",
    "kernel/drivers/net/vmxnet3/*",
    "kernel/drivers/net/xen-netfront",
    "kernel/drivers/pci/controller/pci-hyperv*",
    "kernel/drivers/scsi/hv_storvsc",
    "kernel/drivers/scsi/sd_mod",
    "kernel/drivers/scsi/sg",
    "kernel/drivers/scsi/sr_mod",
    "kernel/drivers/scsi/virtio_scsi",
    "kernel/drivers/scsi/vmw_pvscsi",
    "kernel/drivers/virtio/*",
)

SERVERS = (
    # Network cards.
    "kernel/drivers/net/ethernet/*",
    "kernel/drivers/net/mdio/*",
    "kernel/drivers/net/phy/*",
    "kernel/drivers/net/usb/*",
    "!kernel/drivers/net/usb/*wwan*",
    "!kernel/drivers/net/ethernet/mellanox/mlxsw/*",  # a switch's chip
    # Disk controllers.
    "kernel/drivers/ata/*",
    "kernel/drivers/message/fusion/*",
    "kernel/drivers/nvme/host/nvme",
    "kernel/drivers/pci/controller/vmd",
    "kernel/drivers/scsi/3w-*",
    "kernel/drivers/scsi/aacraid/*",
    "kernel/drivers/scsi/arcmsr/*",
    "kernel/drivers/scsi/hpsa",
    "kernel/drivers/scsi/hptiop",
    "kernel/drivers/scsi/isci/*",
    "kernel/drivers/scsi/megaraid/*",
    "kernel/drivers/scsi/mpi3mr/*",
    "kernel/drivers/scsi/mpt3sas/*",
    "kernel/drivers/scsi/mvsas/*",
    "kernel/drivers/scsi/mvumi",
    "kernel/drivers/scsi/pm8001/*",
    "kernel/drivers/scsi/ses",
    "kernel/drivers/scsi/smartpqi/*",
    "kernel/drivers/mmc/core/mmc_block",
    "kernel/drivers/mmc/host/sdhci-acpi",
    "kernel/drivers/mmc/host/sdhci-pci",
    # Keyboards and storage on USB.
    "kernel/drivers/hid/hid-generic",
    "kernel/drivers/hid/usbhid/*",
    "kernel/drivers/usb/host/*",
    "kernel/drivers/usb/storage/*",
    # Baseboard management, firmware.
    "kernel/drivers/char/ipmi/ipmi_devintf",
    "kernel/drivers/char/ipmi/ipmi_si",
    "kernel/drivers/firmware/dmi-sysfs",
)

BOARDS = (
    # 64-bit ARM: buses, clocks and pins that stand between a board and its NIC or its disk.
    "kernel/arch/arm64/crypto/*",
    "kernel/drivers/ata/ahci_*",
    "kernel/drivers/clk/*",
    "kernel/drivers/gpio/*",
    "kernel/drivers/i2c/busses/*",
    "kernel/drivers/mmc/host/*",
    "kernel/drivers/net/pcs/*",
    "kernel/drivers/pci/controller/*",
    "kernel/drivers/phy/*",
    "kernel/drivers/pinctrl/*",
    "kernel/drivers/regulator/*",
    "kernel/drivers/reset/*",
    "kernel/drivers/soc/*",
    "kernel/drivers/usb/dwc*",
)

ON_DEMAND = (
    "kernel/drivers/ata/*",
    "kernel/drivers/block/*",
    "kernel/drivers/char/hw_random/*",
    "kernel/drivers/char/ipmi/*",
    "kernel/drivers/char/tpm/*",
    "kernel/drivers/dax/*",
    "kernel/drivers/firewire/*",
    "kernel/drivers/hid/*",
    "kernel/drivers/infiniband/*",
    "kernel/drivers/message/*",
    "kernel/drivers/mfd/*",
    "kernel/drivers/mmc/*",
    "kernel/drivers/mtd/*",
    "kernel/drivers/net/ethernet/*",
    "kernel/drivers/net/phy/*",
    "kernel/drivers/net/thunderbolt*",
    "kernel/drivers/net/usb/*",
    "kernel/drivers/nvdimm/*",
    "kernel/drivers/nvme/*",
    "kernel/drivers/pci/*",
    "kernel/drivers/scsi/*",
    "kernel/drivers/thunderbolt/*",
    "kernel/drivers/ufs/*",
    "kernel/drivers/usb/host/*",
    "kernel/drivers/usb/storage/*",
    "kernel/drivers/virtio/*",
    "!kernel/drivers/block/floppy",
)

FULL_HARDWARE = (
    "kernel/drivers/infiniband/*",
    "kernel/drivers/md/*",
    "kernel/drivers/nvdimm/*",
    "kernel/drivers/scsi/*",
    "kernel/fs/btrfs/*",
    "kernel/fs/f2fs/*",
    "!*/scsi_debug",
    "!*/infiniband/ulp/*",
)
