/** A small database of places in MaxMind's format (https://maxmind.github.io/MaxMind-DB/): an IPv4 tree of 24-bit records, maps of texts. */
export const mmdbOf = (networks: readonly { network: string; place: object }[]): Buffer => {
  const nodes: [number | string, number | string][] = [['', '']];
  const data: Buffer[] = [];
  let dataLength = 0;
  for (const { network, place } of networks) {
    const [address, length] = network.split('/') as [string, string];
    const bits = address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
      .slice(0, Number(length));
    let at = 0;
    for (const [n, bit] of bits.split('').entries()) {
      const side = Number(bit) as 0 | 1;
      const next = nodes[at]![side];
      if (n === bits.length - 1) nodes[at]![side] = `data:${dataLength}`;
      else if (typeof next === 'number') at = next;
      else {
        nodes.push(['', '']);
        nodes[at]![side] = nodes.length - 1;
        at = nodes.length - 1;
      }
    }
    const bytes = encoded(place);
    data.push(bytes);
    dataLength += bytes.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [n, records] of nodes.entries())
    for (const [side, record] of records.entries())
      tree.writeUIntBE(pointerOf(record, nodes.length), n * 6 + side * 3, 3);
  const metadata = {
    ...{ node_count: nodes.length, record_size: 24, ip_version: 4, build_epoch: 1, database_type: 'Test-City' },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0 },
  };
  const marker = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, encoded(metadata)]);
};

/** To another node, to data behind the tree, or nowhere. */
const pointerOf = (record: number | string, nodeCount: number): number => {
  if (typeof record === 'number') return record;
  return record === '' ? nodeCount : nodeCount + 16 + Number(record.slice('data:'.length));
};

const MAP = 7;
const TEXT = 2;
const UINT32 = 6;

const encoded = (value: unknown): Buffer => {
  if (typeof value === 'string') return Buffer.concat([Buffer.from([(TEXT << 5) | value.length]), Buffer.from(value)]);
  if (typeof value === 'number') {
    const four = Buffer.alloc(4);
    four.writeUInt32BE(value);
    return Buffer.concat([Buffer.from([(UINT32 << 5) | 4]), four]);
  }
  const members = Object.entries(value as object);
  return Buffer.concat([
    Buffer.from([(MAP << 5) | members.length]),
    ...members.flatMap(([key, member]) => [encoded(key), encoded(member)]),
  ]);
};
