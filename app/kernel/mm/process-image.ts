import { kernelGlobal } from '../globals.ts';
import {
  AnonVma,
  MM_ANONPAGES,
  MM_SHMEMPAGES,
  PAGE_SIZE,
  PageRange,
  PMD_SIZE,
  PteTable,
  VM_ACCOUNT,
  VM_EXEC,
  VM_PFNMAP,
  VM_READ,
  VM_WRITE,
  VmAreaStruct,
  type MmStruct,
  type Pte,
  type VmFile,
} from '../include/mm_types.ts';
import { MapleNode } from '../include/maple_tree.ts';
import { reserve } from '../struct.ts';
import { MAPLE_NODE_SIZE } from '../lib/maple_tree.ts';
import { chargeAtSetUp } from './memcontrol.ts';
import { Page } from './page_alloc.ts';
import { VM_AREA_STRUCT_SIZE } from './vma.ts';

/** One mapping of a program as it stands when the program begins. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  /** Maps the program's file; without, the memory is the process's own. */
  readonly file?: boolean;
  /** Pages per modelled page-table entry. */
  readonly granule?: number;
  /** Entries that are present, from the first one on. */
  readonly present?: number;
}

/** What exec makes of a program: its mappings, in ascending order. */
export interface ProcessImage {
  readonly name: string;
  readonly segments: readonly Segment[];
}

const RX = VM_READ | VM_EXEC;
const RW = VM_READ | VM_WRITE | VM_ACCOUNT;

/**
 * A small static program without position-independent code, laid out as simple_kvm in the captures. `extra` are
 * pages that another program has more of in its code.
 */
export function staticProgram(name: string, extra = 0): ProcessImage {
  const text = 0x401000;
  const rodata = text + (0x79 + Math.ceil((extra * 2) / 3)) * PAGE_SIZE;
  const relro = rodata + (0x28 + Math.floor(extra / 3)) * PAGE_SIZE;
  const data = relro + 4 * PAGE_SIZE;
  const bss = data + 3 * PAGE_SIZE;
  const heap = bss + 0x3a998000;
  return {
    name,
    segments: [
      { start: 0x400000, end: text, flags: VM_READ, file: true, present: 1 },
      { start: text, end: rodata, flags: RX, file: true, granule: 16, present: 6 },
      { start: rodata, end: relro, flags: VM_READ, file: true, granule: 16, present: 3 },
      { start: relro, end: data, flags: VM_READ | VM_ACCOUNT, present: 4 },
      { start: data, end: bss, flags: RW, present: 3 },
      { start: bss, end: bss + 5 * PAGE_SIZE, flags: RW, present: 2 },
      { start: heap, end: heap + 34 * PAGE_SIZE, flags: RW, present: 2 },
      { start: VVAR, end: VVAR + 4 * PAGE_SIZE, flags: VM_READ | VM_PFNMAP },
      { start: VVAR + 4 * PAGE_SIZE, end: VVAR + 6 * PAGE_SIZE, flags: RX, file: true, present: 0 },
      { start: STACK, end: STACK + 33 * PAGE_SIZE, flags: RW, present: 2 },
    ],
  };
}

/** As little as a process can do with: one page of stack. For searches, which free it in every execution. */
export function bareProgram(name: string): ProcessImage {
  return { name, segments: [{ start: STACK, end: STACK + PAGE_SIZE, flags: RW, present: 1 }] };
}

const VVAR = 0x7fd1aadc1000;
/** Where the stack of a program begins. */
export const STACK = 0x7ffe89219000;
/** Where mmap() places what it is asked for: downwards from here. */
export const MMAP_BASE = VVAR;

/** Pages of the upper levels that a small program takes, as in the captures. */
const UPPER_TABLES = 6;

const blockOf = (address: number): number => Math.floor(address / PMD_SIZE);

/** The page cache of programs: loaded at boot, never freed. */
const program_files = kernelGlobal('program_files', () => new Map<string, VmFile>());

function fileOf(name: string): VmFile {
  const files = program_files();
  let file = files.get(name);
  if (file === undefined) files.set(name, (file = { name, pages: new Map(), counter: MM_SHMEMPAGES }));
  return file;
}

/** The page of a file that entry `index` of a segment maps; read from the root file system, which is in memory. */
export function filePage(file: VmFile, address: number, order: number): Page {
  let page = file.pages.get(address);
  if (page === undefined) {
    page = new Page(reserve('page', `page of ${file.name}`, PAGE_SIZE << order), order);
    page.mapping = file;
    file.pages.set(address, page);
  }
  return page;
}

/**
 * Fills a fresh mm with the mappings of a program, as execve() leaves them. Nobody else sees the mm yet, so that
 * this is no sequence of operations.
 */
export function loadImage(mm: MmStruct, image: ProcessImage): void {
  // Segments that are close to each other share a page of the page tables.
  const covered = new Set<number>();
  const vmas = image.segments.map((segment) => loadSegment(mm, image, segment, covered));
  mm.upper_tables = UPPER_TABLES;
  mm.pgtables_bytes.value += UPPER_TABLES * PAGE_SIZE;
  mm.upper_memcg = chargeAtSetUp(mm, 'pagetables', UPPER_TABLES);
  const node = new MapleNode(reserve('slab', 'maple_node', MAPLE_NODE_SIZE));
  node.slots.value = vmas.map((vma) => ({ start: vma.vm_start.value, end: vma.vm_end.value, entry: vma }));
  mm.mm_mt.ma_root.value = node;
  mm.map_count.value = vmas.length;
  linkImage(mm, vmas);
}

/** The list of VMAs, for trees that have one. */
function linkImage(mm: MmStruct, vmas: readonly VmAreaStruct[]): void {
  mm.mmap.value = vmas[0] ?? null;
  for (const [i, vma] of vmas.entries()) vma.vm_next.value = vmas[i + 1] ?? null;
}

function loadSegment(
  mm: MmStruct,
  image: ProcessImage,
  segment: Segment,
  covered: Set<number>,
): VmAreaStruct {
  const { start, end, flags, granule = 1, present = 0 } = segment;
  const vma = newVma(mm, start, end, flags);
  vma.vm_file = segment.file === true ? fileOf(image.name) : null;
  if (vma.vm_file === null) vma.anon_vma.value = new AnonVma([vma]);
  vma.range = new PageRange(mm, start, end, granule);
  mm.pgd.value = [...mm.pgd.value, vma.range];
  mm.total_vm.value += (end - start) / PAGE_SIZE;
  if (present > 0) populate(mm, vma, present, covered);
  return vma;
}

function newVma(mm: MmStruct, start: number, end: number, flags: number): VmAreaStruct {
  const memory = reserve('slab', 'vm_area_struct', VM_AREA_STRUCT_SIZE);
  memory.cache = 'vm_area_struct';
  const vma = new VmAreaStruct(memory);
  vma.vm_mm = mm;
  vma.vm_start.value = start;
  vma.vm_end.value = end;
  vma.vm_flags.value = flags;
  vma.detached.value = false;
  vma.vm_refcnt.value = 1;
  return vma;
}

function populate(mm: MmStruct, vma: VmAreaStruct, present: number, covered: Set<number>): void {
  const { range, vm_file } = vma;
  const { order } = range;
  const table = new PteTable(reserve('page', 'pte page', PAGE_SIZE), range.entries);
  range.pmd.value = table;
  table.memcg = chargeAtSetUp(mm, 'pagetables', 0);
  for (let index = 0; index < present; index++) {
    const pages = range.pagesOf(index);
    if (!covered.has(blockOf(range.addressOf(index)))) {
      covered.add(blockOf(range.addressOf(index)));
      table.cover(range.addressOf(index));
      mm.pgtables_bytes.value += PAGE_SIZE;
      chargeAtSetUp(mm, 'pagetables', 1);
    }
    const counter = vm_file === null ? MM_ANONPAGES : vm_file.counter;
    const page =
      vm_file === null
        ? anonymousPage(mm, vma, range.addressOf(index), order)
        : filePage(vm_file, range.addressOf(index), order);
    table.populate(index, mapped(page, vma, counter));
    page._mapcount.value++;
    if (vm_file !== null) page._refcount.value++;
    mm.rss_stat[counter].value += pages;
  }
}

function anonymousPage(mm: MmStruct, vma: VmAreaStruct, address: number, order: number): Page {
  const page = new Page(reserve('page', 'anonymous page', PAGE_SIZE << order), order);
  page.mapping = vma.anon_vma.value;
  page.index = address;
  page.memcg = chargeAtSetUp(mm, 'anon', 1 << order);
  return page;
}

function mapped(page: Page, vma: VmAreaStruct, counter: number): Pte {
  const writable = (vma.vm_flags.value & VM_WRITE) !== 0 && vma.vm_file === null;
  return { page, writable, counter };
}
