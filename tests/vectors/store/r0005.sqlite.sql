BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE audits (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DOUBLE NOT NULL, 
	server TEXT NOT NULL, 
	done_by TEXT NOT NULL, 
	role TEXT NOT NULL, 
	peer TEXT NOT NULL, 
	what TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	details TEXT NOT NULL, 
	sealed_by TEXT NOT NULL, 
	"before" TEXT NOT NULL, 
	seal TEXT NOT NULL
);
INSERT INTO "audits" VALUES(1,1800000000.0,'one','ann','admin','192.0.2.1','order','file-1','refused: 403 Forbidden','{}','a17fa080101ba490','','875615c750b51264f3ee5c3c0ef16a45e0eefcf1eb75ced1e395ddcedf4a15df');
INSERT INTO "audits" VALUES(2,1800000000.0,'one','ann','admin','192.0.2.1','order','file-1','done','{}','a17fa080101ba490','875615c750b51264f3ee5c3c0ef16a45e0eefcf1eb75ced1e395ddcedf4a15df','44f2a60ca9bc9c42df5e533dbd162df81c2ddb3bae13e5f7eef47739193466d3');
CREATE TABLE boots (
	id TEXT NOT NULL, 
	mac TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	started_at DOUBLE NOT NULL, 
	state TEXT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "boots" VALUES('02b000000001-1800000010000','02:b0:00:00:00:01','file-1',1800000010.0,'done','{"id":"02b000000001-1800000010000","mac":"02:b0:00:00:00:01","started":1800000010.0,"heard":1800000043.0,"machine":"file-1","uuid":"x","address":"10.1.0.1","interface":"lan0","program":"PXE ROM","architecture":"bios","profile":"osie","ended":1800000040.1,"state":"done","steps":[{"stage":"firmware-dhcp","began":1800000010.0,"ended":1800000010.1,"detail":"PXE ROM, bios, 10.1.0.1","why":"its record has the address","problem":"","sent":0,"size":-1},{"stage":"boot-file","began":1800000010.3,"ended":1800000011.2,"detail":"undionly.kpxe by TFTP","why":"","problem":"","sent":80000,"size":80000},{"stage":"ipxe-dhcp","began":1800000013.0,"ended":1800000013.1,"detail":"iPXE, bios, 10.1.0.1","why":"its record has the address","problem":"","sent":0,"size":-1},{"stage":"script","began":1800000013.3,"ended":1800000013.3,"detail":"osie by HTTP","why":"profile osie","problem":"","sent":0,"size":-1},{"stage":"kernel","began":1800000013.5,"ended":1800000014.4,"detail":"vmlinuz-x86_64 by HTTP","why":"","problem":"","sent":8000000,"size":8000000},{"stage":"initrd","began":1800000014.5,"ended":1800000015.4,"detail":"initramfs-x86_64 by HTTP","why":"","problem":"","sent":50000000,"size":50000000},{"stage":"system","began":1800000040.0,"ended":1800000040.1,"detail":"an operating system has 10.1.0.1","why":"its record has the address","problem":"","sent":0,"size":-1},{"stage":"inventory","began":1800000043.0,"ended":1800000043.0,"detail":"","why":"then disk","problem":"","sent":0,"size":-1}],"finding":null,"loops":0}');
INSERT INTO "boots" VALUES('525400000001-1800000001000','52:54:00:00:00:01','file-1',1800000001.0,'done','{"id":"525400000001-1800000001000","mac":"52:54:00:00:00:01","started":1800000001.0,"heard":1800000001.0,"machine":"file-1","uuid":"","address":"","interface":"","program":"","architecture":"","profile":"","ended":1800000001.0,"state":"done","steps":[{"stage":"system","began":1800000001.0,"ended":1800000001.0,"detail":"agent","why":"","problem":"","sent":0,"size":-1},{"stage":"inventory","began":1800000001.0,"ended":1800000001.0,"detail":"","why":"then idle","problem":"","sent":0,"size":-1}],"finding":null,"loops":0}');
CREATE TABLE certificates (
	run TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	machine TEXT NOT NULL, 
	serial TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (run, step, attempt)
);
INSERT INTO "certificates" VALUES('w-01mcc5rm00nkxvrm5m9gmpqakq',1,1,'file-2','DISK-1',1800000050.0,'{"disk": {"serial": "DISK-1", "size": 8388608}, "method": "zeros"}');
CREATE TABLE changes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DOUBLE NOT NULL, 
	server TEXT NOT NULL, 
	what TEXT NOT NULL, 
	"key" TEXT NOT NULL
);
INSERT INTO "changes" VALUES(1,1800000000.0,'one/00112233','machine','made-1');
INSERT INTO "changes" VALUES(2,1800000000.0,'one/00112233','machine','made-2');
INSERT INTO "changes" VALUES(3,1800000001.0,'one/00112233','machine','made-2');
INSERT INTO "changes" VALUES(4,1800000002.0,'one/00112233','order','file-1');
INSERT INTO "changes" VALUES(5,1800000002.0,'one/00112233','order','made-1');
INSERT INTO "changes" VALUES(6,1800000060.0,'one/00112233','order','made-1');
INSERT INTO "changes" VALUES(7,1800000000.0,'one/00112233','token','1');
INSERT INTO "changes" VALUES(8,1800000000.0,'one/00112233','token','2');
INSERT INTO "changes" VALUES(9,1800000000.0,'one/fe6a2127','run','w-01mcc5rm00nkxvrm5m9gmpqakq');
INSERT INTO "changes" VALUES(10,1800000000.0,'one/fe6a2127','order','file-2');
INSERT INTO "changes" VALUES(11,1800000000.0,'one/fe6a2127','run','w-01mcc5rm00nkxvrm5m9gmpqakq');
INSERT INTO "changes" VALUES(12,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(13,1800000001.0,'one/fe6a2127','order','file-1');
INSERT INTO "changes" VALUES(14,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(15,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(16,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(17,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(18,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(19,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(20,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(21,1800000001.0,'one/fe6a2127','run','w-01mcc5rmz802rgax2tff8wyt4m');
INSERT INTO "changes" VALUES(22,1800000000.0,'one/0','freeze','');
CREATE TABLE edges (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	serial TEXT NOT NULL, 
	path TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	holds TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	wrote TEXT NOT NULL, 
	body BLOB NOT NULL
);
INSERT INTO "edges" VALUES(1,'w-01mcc5rmz802rgax2tff8wyt4m','file-1','DISK-1','/dev/vda',8388608,'nothing',1800000001.0,'',X'789CEDC13101000000C2A0F54F6D0C1FA000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000BE0601E00001');
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DOUBLE NOT NULL, 
	mac TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	server TEXT NOT NULL, 
	body TEXT NOT NULL
, machine TEXT DEFAULT '' NOT NULL);
INSERT INTO "events" VALUES(1,1800000010.0,'02:b0:00:00:00:01','OfferSent','one','{"event":"OfferSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"PXE ROM","architecture":"bios","boot_file":"undionly.kpxe","why":"its record has the address","relay":"","osie":false}','file-1');
INSERT INTO "events" VALUES(2,1800000010.1,'02:b0:00:00:00:01','AckSent','one','{"event":"AckSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"PXE ROM","architecture":"bios","boot_file":"undionly.kpxe","why":"its record has the address","relay":"","osie":false}','file-1');
INSERT INTO "events" VALUES(3,1800000010.3,'02:b0:00:00:00:01','TransferStarted','one','{"event":"TransferStarted","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"tftp","name":"undionly.kpxe","size":80000,"trace":""}','file-1');
INSERT INTO "events" VALUES(4,1800000011.2,'02:b0:00:00:00:01','TransferFinished','one','{"event":"TransferFinished","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"tftp","name":"undionly.kpxe","size":80000,"seconds":0.9}','file-1');
INSERT INTO "events" VALUES(5,1800000013.0,'02:b0:00:00:00:01','OfferSent','one','{"event":"OfferSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"iPXE","architecture":"bios","boot_file":"http://192.168.70.1:8080/02:b0:00:00:00:01/auto.ipxe","why":"its record has the address","relay":"","osie":false}','file-1');
INSERT INTO "events" VALUES(6,1800000013.1,'02:b0:00:00:00:01','AckSent','one','{"event":"AckSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"iPXE","architecture":"bios","boot_file":"http://192.168.70.1:8080/02:b0:00:00:00:01/auto.ipxe","why":"its record has the address","relay":"","osie":false}','file-1');
INSERT INTO "events" VALUES(7,1800000013.3,'02:b0:00:00:00:01','ScriptServed','one','{"event":"ScriptServed","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","profile":"osie","script":"#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n","problem":"","trace":""}','file-1');
INSERT INTO "events" VALUES(8,1800000013.5,'02:b0:00:00:00:01','TransferStarted','one','{"event":"TransferStarted","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/vmlinuz-x86_64","size":8000000,"trace":""}','file-1');
INSERT INTO "events" VALUES(9,1800000014.4,'02:b0:00:00:00:01','TransferFinished','one','{"event":"TransferFinished","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/vmlinuz-x86_64","size":8000000,"seconds":0.9}','file-1');
INSERT INTO "events" VALUES(10,1800000014.5,'02:b0:00:00:00:01','TransferStarted','one','{"event":"TransferStarted","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/initramfs-x86_64","size":50000000,"trace":""}','file-1');
INSERT INTO "events" VALUES(11,1800000015.4,'02:b0:00:00:00:01','TransferFinished','one','{"event":"TransferFinished","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/initramfs-x86_64","size":50000000,"seconds":0.9}','file-1');
INSERT INTO "events" VALUES(12,1800000040.0,'02:b0:00:00:00:01','OfferSent','one','{"event":"OfferSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"an operating system","architecture":"bios","boot_file":"","why":"its record has the address","relay":"","osie":false}','file-1');
INSERT INTO "events" VALUES(13,1800000040.1,'02:b0:00:00:00:01','AckSent','one','{"event":"AckSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"an operating system","architecture":"bios","boot_file":"","why":"its record has the address","relay":"","osie":false}','file-1');
INSERT INTO "events" VALUES(14,1800000043.0,'02:b0:00:00:00:01','InventoryReported','one','{"event":"InventoryReported","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","inventory":{"system":{"uuid":"x"}},"next":"disk"}','file-1');
INSERT INTO "events" VALUES(15,1800000001.0,'52:54:00:00:00:01','InventoryReported','one','{"event":"InventoryReported","mac":"52:54:00:00:00:01","peer":"","inventory":{},"next":"idle"}','file-1');
CREATE TABLE freezes (
	id INTEGER NOT NULL, 
	frozen INTEGER NOT NULL, 
	why TEXT NOT NULL, 
	given_by TEXT NOT NULL, 
	given_at DOUBLE NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "freezes" VALUES(1,1,'audit','ann',1800000000.0);
CREATE TABLE inventories (
	mac TEXT NOT NULL, 
	told_at DOUBLE NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (mac)
);
INSERT INTO "inventories" VALUES('52:54:00:00:00:01',1800000001.0,'{"version":1,"disks":[{"name":"vda","path":"/dev/vda","bytes":8388608,"model":null,"serial":"DISK-1","wwn":null,"transport":"virtio","rotational":false,"read_only":false,"partitions":0,"content":"empty"}],"nics":[],"system":{}}');
CREATE TABLE leases (
	address TEXT NOT NULL, 
	mac TEXT NOT NULL, 
	since_at DOUBLE NOT NULL, 
	until_at DOUBLE NOT NULL, 
	released INTEGER NOT NULL, 
	server TEXT NOT NULL, 
	PRIMARY KEY (address)
);
INSERT INTO "leases" VALUES('192.168.1.77','52:54:00:00:00:09',1800000000.0,1800003600.0,0,'one');
CREATE TABLE machines (
	name TEXT NOT NULL, 
	record TEXT NOT NULL, 
	revision BIGINT NOT NULL, 
	made_at DOUBLE NOT NULL, 
	changed_at DOUBLE NOT NULL, 
	changed_by TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "machines" VALUES('made-1','{"name": "made-1", "mac": "52:54:00:99:00:01", "address": "192.168.70.21/24", "gateway": "192.168.70.1", "hostname": "söhne"}',1,1800000000.0,1800000000.0,'ann');
INSERT INTO "machines" VALUES('made-2','{"name": "made-1", "mac": "52:54:00:99:00:01", "address": "192.168.70.21/24", "gateway": "192.168.70.1", "hostname": "söhne"}',2,1800000000.0,1800000001.0,'ben');
CREATE TABLE orders (
	machine TEXT NOT NULL, 
	netboot TEXT NOT NULL, 
	profile TEXT NOT NULL, 
	given_by TEXT NOT NULL, 
	given_at DOUBLE NOT NULL, 
	spent_at DOUBLE NOT NULL, 
	PRIMARY KEY (machine)
);
INSERT INTO "orders" VALUES('file-1','on','osie','run w-01mcc5rmz802rgax2tff8wyt4m',1800000001.0,0.0);
INSERT INTO "orders" VALUES('made-1','once','debian','ann',1800000002.0,1800000060.0);
INSERT INTO "orders" VALUES('file-2','on','osie','run w-01mcc5rm00nkxvrm5m9gmpqakq',1800000000.0,0.0);
CREATE TABLE run_agents (
	run TEXT NOT NULL, 
	worker TEXT NOT NULL, 
	session BIGINT NOT NULL, 
	line BIGINT NOT NULL, 
	heard_at DOUBLE NOT NULL, 
	progress TEXT NOT NULL, 
	PRIMARY KEY (run, worker)
);
INSERT INTO "run_agents" VALUES('w-01mcc5rmz802rgax2tff8wyt4m','52:54:00:00:00:01',1,2,1800000001.0,'');
INSERT INTO "run_agents" VALUES('w-01mcc5rm00nkxvrm5m9gmpqakq','52:54:00:00:00:02',1,2,1800000000.0,'');
CREATE TABLE run_lines (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	step INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	text TEXT NOT NULL
);
INSERT INTO "run_lines" VALUES(1,'w-01mcc5rmz802rgax2tff8wyt4m',1800000005.0,1,1,'100 MiB');
INSERT INTO "run_lines" VALUES(2,'w-01mcc5rm00nkxvrm5m9gmpqakq',1800000000.0,1,1,'wiped');
CREATE TABLE run_machines (
	run TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	held TEXT, 
	PRIMARY KEY (run, machine), 
	UNIQUE (held)
);
INSERT INTO "run_machines" VALUES('w-01mcc5rm00nkxvrm5m9gmpqakq','file-2',NULL);
INSERT INTO "run_machines" VALUES('w-01mcc5rmz802rgax2tff8wyt4m','file-1','file-1');
CREATE TABLE runs (
	id TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	mac TEXT NOT NULL, 
	name TEXT NOT NULL, 
	state TEXT NOT NULL, 
	live INTEGER NOT NULL, 
	writing INTEGER NOT NULL, 
	created_at DOUBLE NOT NULL, 
	ended_at DOUBLE NOT NULL, 
	revision BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('w-01mcc5rm00nkxvrm5m9gmpqakq','file-2','52:54:00:00:00:02','debian','FAILED',0,0,1800000000.0,1800000000.0,2,'{"run":{"id":"w-01mcc5rm00nkxvrm5m9gmpqakq","name":"debian","steps":[{"task":"install","worker":"52:54:00:00:00:02","action":{"name":"look","image":"inventory","timeout":60},"writes":false,"terminal":false,"last":false,"expects_life":true,"state":"CANCELLED"},{"task":"install","worker":"52:54:00:00:00:02","action":{"name":"write","image":"image2disk","timeout":600,"environment":{"IMG_URL":"http://192.168.1.1/images/debian","DEST_DISK":"/dev/vda"}},"writes":true,"terminal":false,"last":false,"expects_life":true,"state":"CANCELLED"},{"task":"install","worker":"52:54:00:00:00:02","action":{"name":"go","image":"reboot","timeout":60},"writes":false,"terminal":true,"last":true,"expects_life":true,"state":"CANCELLED"}],"state":"FAILED","global_timeout":6000,"sub":"CANCELLED","why":"cancelled by ann","created_at":1800000000.0,"ended_at":1800000000.0},"given":{"by":"me","machine":"file-2","source":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"{{ .device_1 }}\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","arm":{"policy":"empty-only","disks":[],"hours":2.0},"until":1800007200.0},"template":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"52:54:00:00:00:02\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","machines":[{"worker":"52:54:00:00:00:02","name":"file-2"}],"disks":[{"path":"/dev/vda","worker":"52:54:00:00:00:02","actions":["write"],"whole":true,"waits":true}],"waits":true,"revision":2}');
INSERT INTO "runs" VALUES('w-01mcc5rmz802rgax2tff8wyt4m','file-1','52:54:00:00:00:01','debian','RUNNING',1,0,1800000001.0,0.0,9,'{"run":{"id":"w-01mcc5rmz802rgax2tff8wyt4m","name":"debian","steps":[{"task":"install","worker":"52:54:00:00:00:01","action":{"name":"look","image":"inventory","timeout":60},"writes":false,"terminal":false,"last":false,"expects_life":true,"state":"SUCCESS","session":1,"handed_at":1800000001.0,"ended_at":1800000001.0,"exit_code":0},{"task":"install","worker":"52:54:00:00:00:01","action":{"name":"write","image":"image2disk","timeout":600,"environment":{"IMG_URL":"http://192.168.1.1/images/debian","DEST_DISK":"/dev/vda"}},"writes":true,"terminal":false,"last":false,"expects_life":true,"state":"SUCCESS","session":1,"handed_at":1800000001.0,"ended_at":1800000001.0,"exit_code":0},{"task":"install","worker":"52:54:00:00:00:01","action":{"name":"go","image":"reboot","timeout":60},"writes":false,"terminal":true,"last":true,"expects_life":true}],"state":"RUNNING","global_timeout":6000,"created_at":1800000001.0,"started_at":1800000001.0,"sessions":{"52:54:00:00:00:01":{"number":1,"heard":4}}},"given":{"by":"me","machine":"file-1","source":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"{{ .device_1 }}\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","arm":{"policy":"empty-only","disks":[],"hours":2.0},"until":1800007201.0},"template":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"52:54:00:00:00:01\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","machines":[{"worker":"52:54:00:00:00:01","name":"file-1"}],"disks":[{"path":"/dev/vda","worker":"52:54:00:00:00:01","actions":["write"],"whole":true,"serial":"DISK-1","size":8388608}],"agents":{"52:54:00:00:00:01":{"digest":"9805683793df7ffa06a20fac46e76203339c50c8b935d4cf21608950fb23a5c4"}},"used":["6e80044b88068a1b42ea1625"],"taken":["DISK-1"],"revision":9}');
CREATE TABLE sightings (
	kind TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	last_at DOUBLE NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (kind, "key")
);
INSERT INTO "sightings" VALUES('stranger','52:54:00:00:00:09',1800000003.0,'{"mac":"52:54:00:00:00:09","interface":"lan0","first":1800000000.0,"last":1800000003.0,"count":4,"program":"","architecture":"","why":"","nearest":"","nearest_name":""}');
INSERT INTO "sightings" VALUES('foreign','192.168.1.9 lan0',1800000005.0,'{"server":"192.168.1.9","interface":"lan0","first":1800000000.0,"last":1800000005.0,"count":1,"offers":"","mac":"","expected":false}');
CREATE TABLE tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	made_at DOUBLE NOT NULL, 
	made_by TEXT NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	used_at DOUBLE NOT NULL, machines TEXT DEFAULT '' NOT NULL, 
	UNIQUE (digest)
);
INSERT INTO "tokens" VALUES(1,'robot','operator','93b37a53502e3d48303280e3f3a3c333a15a9a27352b4025e7ff06a74a82f3d4',1800000000.0,'ann',0.0,1800000009.0,'');
INSERT INTO "tokens" VALUES(2,'ci','operator','7e8300d86ad08bb895d4240b1d04532f33d169af7dd01a48784e7df68b89392c',1800000000.0,'ann',0.0,0.0,'["ci-*"]');
CREATE INDEX events_by_mac ON events (mac, id);
CREATE INDEX events_by_kind ON events (kind, id);
CREATE INDEX events_by_time ON events (at);
CREATE INDEX boots_by_time ON boots (started_at);
CREATE INDEX boots_by_mac ON boots (mac, started_at);
CREATE INDEX boots_by_machine ON boots (machine, started_at);
CREATE INDEX boots_by_state ON boots (state, started_at);
CREATE INDEX runs_by_time ON runs (created_at);
CREATE INDEX runs_by_state ON runs (state, created_at);
CREATE INDEX runs_alive ON runs (live);
CREATE INDEX run_machines_by_machine ON run_machines (machine);
CREATE INDEX run_lines_by_run ON run_lines (run, id);
CREATE UNIQUE INDEX edges_of_a_run ON edges (run, serial);
CREATE INDEX edges_by_machine ON edges (machine, id);
CREATE INDEX audits_by_machine ON audits (machine, id);
CREATE INDEX audits_by_time ON audits (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',22);
INSERT INTO "sqlite_sequence" VALUES('tokens',2);
INSERT INTO "sqlite_sequence" VALUES('events',15);
INSERT INTO "sqlite_sequence" VALUES('audits',2);
INSERT INTO "sqlite_sequence" VALUES('edges',1);
INSERT INTO "sqlite_sequence" VALUES('run_lines',2);
COMMIT;
