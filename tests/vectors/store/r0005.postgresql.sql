SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audits (
    id bigint NOT NULL,
    at double precision NOT NULL,
    server text NOT NULL,
    done_by text NOT NULL,
    role text NOT NULL,
    peer text NOT NULL,
    what text NOT NULL,
    machine text NOT NULL,
    outcome text NOT NULL,
    details text NOT NULL,
    sealed_by text NOT NULL,
    before text NOT NULL,
    seal text NOT NULL
);
CREATE SEQUENCE public.audits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audits_id_seq OWNED BY public.audits.id;
CREATE TABLE public.boots (
    id text NOT NULL,
    mac text NOT NULL,
    machine text NOT NULL,
    started_at double precision NOT NULL,
    state text NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.certificates (
    run text NOT NULL,
    step integer NOT NULL,
    attempt integer NOT NULL,
    machine text NOT NULL,
    serial text NOT NULL,
    at double precision NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.changes (
    id bigint NOT NULL,
    at double precision NOT NULL,
    server text NOT NULL,
    what text NOT NULL,
    key text NOT NULL
);
CREATE SEQUENCE public.changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.changes_id_seq OWNED BY public.changes.id;
CREATE TABLE public.edges (
    id bigint NOT NULL,
    run text NOT NULL,
    machine text NOT NULL,
    serial text NOT NULL,
    path text NOT NULL,
    size bigint NOT NULL,
    holds text NOT NULL,
    at double precision NOT NULL,
    wrote text NOT NULL,
    body bytea NOT NULL
);
CREATE SEQUENCE public.edges_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.edges_id_seq OWNED BY public.edges.id;
CREATE TABLE public.events (
    id bigint NOT NULL,
    at double precision NOT NULL,
    mac text NOT NULL,
    kind text NOT NULL,
    server text NOT NULL,
    body text NOT NULL,
    machine text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;
CREATE TABLE public.freezes (
    id integer NOT NULL,
    frozen integer NOT NULL,
    why text NOT NULL,
    given_by text NOT NULL,
    given_at double precision NOT NULL
);
CREATE TABLE public.inventories (
    mac text NOT NULL,
    told_at double precision NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.leases (
    address text NOT NULL,
    mac text NOT NULL,
    since_at double precision NOT NULL,
    until_at double precision NOT NULL,
    released integer NOT NULL,
    server text NOT NULL
);
CREATE TABLE public.machines (
    name text NOT NULL,
    record text NOT NULL,
    revision bigint NOT NULL,
    made_at double precision NOT NULL,
    changed_at double precision NOT NULL,
    changed_by text NOT NULL
);
CREATE TABLE public.orders (
    machine text NOT NULL,
    netboot text NOT NULL,
    profile text NOT NULL,
    given_by text NOT NULL,
    given_at double precision NOT NULL,
    spent_at double precision NOT NULL
);
CREATE TABLE public.run_agents (
    run text NOT NULL,
    worker text NOT NULL,
    session bigint NOT NULL,
    line bigint NOT NULL,
    heard_at double precision NOT NULL,
    progress text NOT NULL
);
CREATE TABLE public.run_lines (
    id bigint NOT NULL,
    run text NOT NULL,
    at double precision NOT NULL,
    step integer NOT NULL,
    attempt integer NOT NULL,
    text text NOT NULL
);
CREATE SEQUENCE public.run_lines_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.run_lines_id_seq OWNED BY public.run_lines.id;
CREATE TABLE public.run_machines (
    run text NOT NULL,
    machine text NOT NULL,
    held text
);
CREATE TABLE public.runs (
    id text NOT NULL,
    machine text NOT NULL,
    mac text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    live integer NOT NULL,
    writing integer NOT NULL,
    created_at double precision NOT NULL,
    ended_at double precision NOT NULL,
    revision bigint NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.sightings (
    kind text NOT NULL,
    key text NOT NULL,
    last_at double precision NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.tokens (
    id bigint NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    digest text NOT NULL,
    made_at double precision NOT NULL,
    made_by text NOT NULL,
    expires_at double precision NOT NULL,
    used_at double precision NOT NULL,
    machines text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE public.tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.tokens_id_seq OWNED BY public.tokens.id;
ALTER TABLE ONLY public.audits ALTER COLUMN id SET DEFAULT nextval('public.audits_id_seq'::regclass);
ALTER TABLE ONLY public.changes ALTER COLUMN id SET DEFAULT nextval('public.changes_id_seq'::regclass);
ALTER TABLE ONLY public.edges ALTER COLUMN id SET DEFAULT nextval('public.edges_id_seq'::regclass);
ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);
ALTER TABLE ONLY public.run_lines ALTER COLUMN id SET DEFAULT nextval('public.run_lines_id_seq'::regclass);
ALTER TABLE ONLY public.tokens ALTER COLUMN id SET DEFAULT nextval('public.tokens_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.audits VALUES (1, 1800000000, 'one', 'ann', 'admin', '192.0.2.1', 'order', 'file-1', 'refused: 403 Forbidden', '{}', 'a17fa080101ba490', '', '875615c750b51264f3ee5c3c0ef16a45e0eefcf1eb75ced1e395ddcedf4a15df');
INSERT INTO public.audits VALUES (2, 1800000000, 'one', 'ann', 'admin', '192.0.2.1', 'order', 'file-1', 'done', '{}', 'a17fa080101ba490', '875615c750b51264f3ee5c3c0ef16a45e0eefcf1eb75ced1e395ddcedf4a15df', '44f2a60ca9bc9c42df5e533dbd162df81c2ddb3bae13e5f7eef47739193466d3');
INSERT INTO public.boots VALUES ('02b000000001-1800000010000', '02:b0:00:00:00:01', 'file-1', 1800000010, 'done', '{"id":"02b000000001-1800000010000","mac":"02:b0:00:00:00:01","started":1800000010.0,"heard":1800000043.0,"machine":"file-1","uuid":"x","address":"10.1.0.1","interface":"lan0","program":"PXE ROM","architecture":"bios","profile":"osie","ended":1800000040.1,"state":"done","steps":[{"stage":"firmware-dhcp","began":1800000010.0,"ended":1800000010.1,"detail":"PXE ROM, bios, 10.1.0.1","why":"its record has the address","problem":"","sent":0,"size":-1},{"stage":"boot-file","began":1800000010.3,"ended":1800000011.2,"detail":"undionly.kpxe by TFTP","why":"","problem":"","sent":80000,"size":80000},{"stage":"ipxe-dhcp","began":1800000013.0,"ended":1800000013.1,"detail":"iPXE, bios, 10.1.0.1","why":"its record has the address","problem":"","sent":0,"size":-1},{"stage":"script","began":1800000013.3,"ended":1800000013.3,"detail":"osie by HTTP","why":"profile osie","problem":"","sent":0,"size":-1},{"stage":"kernel","began":1800000013.5,"ended":1800000014.4,"detail":"vmlinuz-x86_64 by HTTP","why":"","problem":"","sent":8000000,"size":8000000},{"stage":"initrd","began":1800000014.5,"ended":1800000015.4,"detail":"initramfs-x86_64 by HTTP","why":"","problem":"","sent":50000000,"size":50000000},{"stage":"system","began":1800000040.0,"ended":1800000040.1,"detail":"an operating system has 10.1.0.1","why":"its record has the address","problem":"","sent":0,"size":-1},{"stage":"inventory","began":1800000043.0,"ended":1800000043.0,"detail":"","why":"then disk","problem":"","sent":0,"size":-1}],"finding":null,"loops":0}');
INSERT INTO public.boots VALUES ('525400000001-1800000001000', '52:54:00:00:00:01', 'file-1', 1800000001, 'done', '{"id":"525400000001-1800000001000","mac":"52:54:00:00:00:01","started":1800000001.0,"heard":1800000001.0,"machine":"file-1","uuid":"","address":"","interface":"","program":"","architecture":"","profile":"","ended":1800000001.0,"state":"done","steps":[{"stage":"system","began":1800000001.0,"ended":1800000001.0,"detail":"agent","why":"","problem":"","sent":0,"size":-1},{"stage":"inventory","began":1800000001.0,"ended":1800000001.0,"detail":"","why":"then idle","problem":"","sent":0,"size":-1}],"finding":null,"loops":0}');
INSERT INTO public.certificates VALUES ('w-01mcc5rm00f0b5nh5xsd503n8n', 1, 1, 'file-2', 'DISK-1', 1800000050, '{"disk": {"serial": "DISK-1", "size": 8388608}, "method": "zeros"}');
INSERT INTO public.changes VALUES (1, 1800000000, 'one/00112233', 'machine', 'made-1');
INSERT INTO public.changes VALUES (2, 1800000000, 'one/00112233', 'machine', 'made-2');
INSERT INTO public.changes VALUES (3, 1800000001, 'one/00112233', 'machine', 'made-2');
INSERT INTO public.changes VALUES (4, 1800000002, 'one/00112233', 'order', 'file-1');
INSERT INTO public.changes VALUES (5, 1800000002, 'one/00112233', 'order', 'made-1');
INSERT INTO public.changes VALUES (6, 1800000060, 'one/00112233', 'order', 'made-1');
INSERT INTO public.changes VALUES (7, 1800000000, 'one/00112233', 'token', '1');
INSERT INTO public.changes VALUES (8, 1800000000, 'one/00112233', 'token', '2');
INSERT INTO public.changes VALUES (9, 1800000000, 'one/3571799f', 'run', 'w-01mcc5rm00f0b5nh5xsd503n8n');
INSERT INTO public.changes VALUES (10, 1800000000, 'one/3571799f', 'order', 'file-2');
INSERT INTO public.changes VALUES (11, 1800000000, 'one/3571799f', 'run', 'w-01mcc5rm00f0b5nh5xsd503n8n');
INSERT INTO public.changes VALUES (12, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (13, 1800000001, 'one/3571799f', 'order', 'file-1');
INSERT INTO public.changes VALUES (14, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (15, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (16, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (17, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (18, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (19, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (20, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (21, 1800000001, 'one/3571799f', 'run', 'w-01mcc5rmz8aqw45cq1j6ants9d');
INSERT INTO public.changes VALUES (22, 1800000000, 'one/0', 'freeze', '');
INSERT INTO public.edges VALUES (1, 'w-01mcc5rmz8aqw45cq1j6ants9d', 'file-1', 'DISK-1', '/dev/vda', 8388608, 'nothing', 1800000001, '', '\x789cedc13101000000c2a0f54f6d0c1fa000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000be0601e00001');
INSERT INTO public.events VALUES (1, 1800000010, '02:b0:00:00:00:01', 'OfferSent', 'one', '{"event":"OfferSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"PXE ROM","architecture":"bios","boot_file":"undionly.kpxe","why":"its record has the address","relay":"","osie":false}', 'file-1');
INSERT INTO public.events VALUES (2, 1800000010.1, '02:b0:00:00:00:01', 'AckSent', 'one', '{"event":"AckSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"PXE ROM","architecture":"bios","boot_file":"undionly.kpxe","why":"its record has the address","relay":"","osie":false}', 'file-1');
INSERT INTO public.events VALUES (3, 1800000010.3, '02:b0:00:00:00:01', 'TransferStarted', 'one', '{"event":"TransferStarted","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"tftp","name":"undionly.kpxe","size":80000,"trace":""}', 'file-1');
INSERT INTO public.events VALUES (4, 1800000011.2, '02:b0:00:00:00:01', 'TransferFinished', 'one', '{"event":"TransferFinished","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"tftp","name":"undionly.kpxe","size":80000,"seconds":0.9}', 'file-1');
INSERT INTO public.events VALUES (5, 1800000013, '02:b0:00:00:00:01', 'OfferSent', 'one', '{"event":"OfferSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"iPXE","architecture":"bios","boot_file":"http://192.168.70.1:8080/02:b0:00:00:00:01/auto.ipxe","why":"its record has the address","relay":"","osie":false}', 'file-1');
INSERT INTO public.events VALUES (6, 1800000013.1, '02:b0:00:00:00:01', 'AckSent', 'one', '{"event":"AckSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"iPXE","architecture":"bios","boot_file":"http://192.168.70.1:8080/02:b0:00:00:00:01/auto.ipxe","why":"its record has the address","relay":"","osie":false}', 'file-1');
INSERT INTO public.events VALUES (7, 1800000013.3, '02:b0:00:00:00:01', 'ScriptServed', 'one', '{"event":"ScriptServed","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","profile":"osie","script":"#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n#!ipxe\n","problem":"","trace":""}', 'file-1');
INSERT INTO public.events VALUES (8, 1800000013.5, '02:b0:00:00:00:01', 'TransferStarted', 'one', '{"event":"TransferStarted","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/vmlinuz-x86_64","size":8000000,"trace":""}', 'file-1');
INSERT INTO public.events VALUES (9, 1800000014.4, '02:b0:00:00:00:01', 'TransferFinished', 'one', '{"event":"TransferFinished","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/vmlinuz-x86_64","size":8000000,"seconds":0.9}', 'file-1');
INSERT INTO public.events VALUES (10, 1800000014.5, '02:b0:00:00:00:01', 'TransferStarted', 'one', '{"event":"TransferStarted","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/initramfs-x86_64","size":50000000,"trace":""}', 'file-1');
INSERT INTO public.events VALUES (11, 1800000015.4, '02:b0:00:00:00:01', 'TransferFinished', 'one', '{"event":"TransferFinished","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","door":"http","name":"osie/initramfs-x86_64","size":50000000,"seconds":0.9}', 'file-1');
INSERT INTO public.events VALUES (12, 1800000040, '02:b0:00:00:00:01', 'OfferSent', 'one', '{"event":"OfferSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"an operating system","architecture":"bios","boot_file":"","why":"its record has the address","relay":"","osie":false}', 'file-1');
INSERT INTO public.events VALUES (13, 1800000040.1, '02:b0:00:00:00:01', 'AckSent', 'one', '{"event":"AckSent","mac":"02:b0:00:00:00:01","interface":"lan0","address":"10.1.0.1","program":"an operating system","architecture":"bios","boot_file":"","why":"its record has the address","relay":"","osie":false}', 'file-1');
INSERT INTO public.events VALUES (14, 1800000043, '02:b0:00:00:00:01', 'InventoryReported', 'one', '{"event":"InventoryReported","mac":"02:b0:00:00:00:01","peer":"10.1.0.1:40000","inventory":{"system":{"uuid":"x"}},"next":"disk"}', 'file-1');
INSERT INTO public.events VALUES (15, 1800000001, '52:54:00:00:00:01', 'InventoryReported', 'one', '{"event":"InventoryReported","mac":"52:54:00:00:00:01","peer":"","inventory":{},"next":"idle"}', 'file-1');
INSERT INTO public.freezes VALUES (1, 1, 'audit', 'ann', 1800000000);
INSERT INTO public.inventories VALUES ('52:54:00:00:00:01', 1800000001, '{"version":1,"disks":[{"name":"vda","path":"/dev/vda","bytes":8388608,"model":null,"serial":"DISK-1","wwn":null,"transport":"virtio","rotational":false,"read_only":false,"partitions":0,"content":"empty"}],"nics":[],"system":{}}');
INSERT INTO public.leases VALUES ('192.168.1.77', '52:54:00:00:00:09', 1800000000, 1800003600, 0, 'one');
INSERT INTO public.machines VALUES ('made-1', '{"name": "made-1", "mac": "52:54:00:99:00:01", "address": "192.168.70.21/24", "gateway": "192.168.70.1", "hostname": "söhne"}', 1, 1800000000, 1800000000, 'ann');
INSERT INTO public.machines VALUES ('made-2', '{"name": "made-1", "mac": "52:54:00:99:00:01", "address": "192.168.70.21/24", "gateway": "192.168.70.1", "hostname": "söhne"}', 2, 1800000000, 1800000001, 'ben');
INSERT INTO public.orders VALUES ('made-1', 'once', 'debian', 'ann', 1800000002, 1800000060);
INSERT INTO public.orders VALUES ('file-2', 'on', 'osie', 'run w-01mcc5rm00f0b5nh5xsd503n8n', 1800000000, 0);
INSERT INTO public.orders VALUES ('file-1', 'on', 'osie', 'run w-01mcc5rmz8aqw45cq1j6ants9d', 1800000001, 0);
INSERT INTO public.run_agents VALUES ('w-01mcc5rmz8aqw45cq1j6ants9d', '52:54:00:00:00:01', 1, 2, 1800000001, '');
INSERT INTO public.run_agents VALUES ('w-01mcc5rm00f0b5nh5xsd503n8n', '52:54:00:00:00:02', 1, 2, 1800000000, '');
INSERT INTO public.run_lines VALUES (1, 'w-01mcc5rmz8aqw45cq1j6ants9d', 1800000005, 1, 1, '100 MiB');
INSERT INTO public.run_lines VALUES (2, 'w-01mcc5rm00f0b5nh5xsd503n8n', 1800000000, 1, 1, 'wiped');
INSERT INTO public.run_machines VALUES ('w-01mcc5rm00f0b5nh5xsd503n8n', 'file-2', NULL);
INSERT INTO public.run_machines VALUES ('w-01mcc5rmz8aqw45cq1j6ants9d', 'file-1', 'file-1');
INSERT INTO public.runs VALUES ('w-01mcc5rm00f0b5nh5xsd503n8n', 'file-2', '52:54:00:00:00:02', 'debian', 'FAILED', 0, 0, 1800000000, 1800000000, 2, '{"run":{"id":"w-01mcc5rm00f0b5nh5xsd503n8n","name":"debian","steps":[{"task":"install","worker":"52:54:00:00:00:02","action":{"name":"look","image":"inventory","timeout":60},"writes":false,"terminal":false,"last":false,"expects_life":true,"state":"CANCELLED"},{"task":"install","worker":"52:54:00:00:00:02","action":{"name":"write","image":"image2disk","timeout":600,"environment":{"IMG_URL":"http://192.168.1.1/images/debian","DEST_DISK":"/dev/vda"}},"writes":true,"terminal":false,"last":false,"expects_life":true,"state":"CANCELLED"},{"task":"install","worker":"52:54:00:00:00:02","action":{"name":"go","image":"reboot","timeout":60},"writes":false,"terminal":true,"last":true,"expects_life":true,"state":"CANCELLED"}],"state":"FAILED","global_timeout":6000,"sub":"CANCELLED","why":"cancelled by ann","created_at":1800000000.0,"ended_at":1800000000.0},"given":{"by":"me","machine":"file-2","source":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"{{ .device_1 }}\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","arm":{"policy":"empty-only","disks":[],"hours":2.0},"until":1800007200.0},"template":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"52:54:00:00:00:02\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","machines":[{"worker":"52:54:00:00:00:02","name":"file-2"}],"disks":[{"path":"/dev/vda","worker":"52:54:00:00:00:02","actions":["write"],"whole":true,"waits":true}],"waits":true,"revision":2}');
INSERT INTO public.runs VALUES ('w-01mcc5rmz8aqw45cq1j6ants9d', 'file-1', '52:54:00:00:00:01', 'debian', 'RUNNING', 1, 0, 1800000001, 0, 9, '{"run":{"id":"w-01mcc5rmz8aqw45cq1j6ants9d","name":"debian","steps":[{"task":"install","worker":"52:54:00:00:00:01","action":{"name":"look","image":"inventory","timeout":60},"writes":false,"terminal":false,"last":false,"expects_life":true,"state":"SUCCESS","session":1,"handed_at":1800000001.0,"ended_at":1800000001.0,"exit_code":0},{"task":"install","worker":"52:54:00:00:00:01","action":{"name":"write","image":"image2disk","timeout":600,"environment":{"IMG_URL":"http://192.168.1.1/images/debian","DEST_DISK":"/dev/vda"}},"writes":true,"terminal":false,"last":false,"expects_life":true,"state":"SUCCESS","session":1,"handed_at":1800000001.0,"ended_at":1800000001.0,"exit_code":0},{"task":"install","worker":"52:54:00:00:00:01","action":{"name":"go","image":"reboot","timeout":60},"writes":false,"terminal":true,"last":true,"expects_life":true}],"state":"RUNNING","global_timeout":6000,"created_at":1800000001.0,"started_at":1800000001.0,"sessions":{"52:54:00:00:00:01":{"number":1,"heard":4}}},"given":{"by":"me","machine":"file-1","source":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"{{ .device_1 }}\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","arm":{"policy":"empty-only","disks":[],"hours":2.0},"until":1800007201.0},"template":"version: \"0.1\"\nname: debian\nglobal_timeout: 6000\ntasks:\n  - name: install\n    worker: \"52:54:00:00:00:01\"\n    actions:\n      - {name: look, image: inventory, timeout: 60}\n      - name: write\n        image: image2disk\n        timeout: 600\n        environment: {IMG_URL: \"http://192.168.1.1/images/debian\", DEST_DISK: /dev/vda}\n      - {name: go, image: reboot, timeout: 60}\n","machines":[{"worker":"52:54:00:00:00:01","name":"file-1"}],"disks":[{"path":"/dev/vda","worker":"52:54:00:00:00:01","actions":["write"],"whole":true,"serial":"DISK-1","size":8388608}],"agents":{"52:54:00:00:00:01":{"digest":"60a683a98c5c74c96040fd14b11fec1549bdf3d460cc5cbd8011813c917f03a8"}},"used":["a4dec225a075596f372bd535"],"taken":["DISK-1"],"revision":9}');
INSERT INTO public.sightings VALUES ('stranger', '52:54:00:00:00:09', 1800000003, '{"mac":"52:54:00:00:00:09","interface":"lan0","first":1800000000.0,"last":1800000003.0,"count":4,"program":"","architecture":"","why":"","nearest":"","nearest_name":""}');
INSERT INTO public.sightings VALUES ('foreign', '192.168.1.9 lan0', 1800000005, '{"server":"192.168.1.9","interface":"lan0","first":1800000000.0,"last":1800000005.0,"count":1,"offers":"","mac":"","expected":false}');
INSERT INTO public.tokens VALUES (1, 'robot', 'operator', '93b37a53502e3d48303280e3f3a3c333a15a9a27352b4025e7ff06a74a82f3d4', 1800000000, 'ann', 0, 1800000009, '');
INSERT INTO public.tokens VALUES (2, 'ci', 'operator', '7e8300d86ad08bb895d4240b1d04532f33d169af7dd01a48784e7df68b89392c', 1800000000, 'ann', 0, 0, '["ci-*"]');
SELECT pg_catalog.setval('public.audits_id_seq', 2, true);
SELECT pg_catalog.setval('public.changes_id_seq', 22, true);
SELECT pg_catalog.setval('public.edges_id_seq', 1, true);
SELECT pg_catalog.setval('public.events_id_seq', 15, true);
SELECT pg_catalog.setval('public.run_lines_id_seq', 2, true);
SELECT pg_catalog.setval('public.tokens_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audits
    ADD CONSTRAINT audits_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.boots
    ADD CONSTRAINT boots_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_pkey PRIMARY KEY (run, step, attempt);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.edges
    ADD CONSTRAINT edges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.freezes
    ADD CONSTRAINT freezes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.inventories
    ADD CONSTRAINT inventories_pkey PRIMARY KEY (mac);
ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (address);
ALTER TABLE ONLY public.machines
    ADD CONSTRAINT machines_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (machine);
ALTER TABLE ONLY public.run_agents
    ADD CONSTRAINT run_agents_pkey PRIMARY KEY (run, worker);
ALTER TABLE ONLY public.run_lines
    ADD CONSTRAINT run_lines_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.run_machines
    ADD CONSTRAINT run_machines_held_key UNIQUE (held);
ALTER TABLE ONLY public.run_machines
    ADD CONSTRAINT run_machines_pkey PRIMARY KEY (run, machine);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sightings
    ADD CONSTRAINT sightings_pkey PRIMARY KEY (kind, key);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
CREATE INDEX audits_by_machine ON public.audits USING btree (machine, id);
CREATE INDEX audits_by_time ON public.audits USING btree (at);
CREATE INDEX boots_by_mac ON public.boots USING btree (mac, started_at);
CREATE INDEX boots_by_machine ON public.boots USING btree (machine, started_at);
CREATE INDEX boots_by_state ON public.boots USING btree (state, started_at);
CREATE INDEX boots_by_time ON public.boots USING btree (started_at);
CREATE INDEX edges_by_machine ON public.edges USING btree (machine, id);
CREATE UNIQUE INDEX edges_of_a_run ON public.edges USING btree (run, serial);
CREATE INDEX events_by_kind ON public.events USING btree (kind, id);
CREATE INDEX events_by_mac ON public.events USING btree (mac, id);
CREATE INDEX events_by_time ON public.events USING btree (at);
CREATE INDEX run_lines_by_run ON public.run_lines USING btree (run, id);
CREATE INDEX run_machines_by_machine ON public.run_machines USING btree (machine);
CREATE INDEX runs_alive ON public.runs USING btree (live);
CREATE INDEX runs_by_state ON public.runs USING btree (state, created_at);
CREATE INDEX runs_by_time ON public.runs USING btree (created_at);
