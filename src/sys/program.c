/* The note lies in the program's own memory: nothing is opened for it. */
#include "sys/program.h"

#include <elf.h>
#include <link.h>

enum { PROGRAM_ALIGN = 4 };

static size_t program_up(size_t n)
{
	return (n + PROGRAM_ALIGN - 1) & ~(size_t)(PROGRAM_ALIGN - 1);
}

/* ELF notes: three words in the machine's order, a name, the content; each padded. */
static bool program_find(struct view notes, struct wbuf *w)
{
	while (notes.n >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) head;
		struct wbuf to = wbuf_of(&head, sizeof head);
		struct view name = { 0 }, text = { 0 };

		wbuf_put(&to, notes.p, sizeof head);
		notes = view_slice(notes, sizeof head, notes.n);
		name = view_slice(notes, 0, head.n_namesz);
		notes = view_slice(notes, program_up(head.n_namesz), notes.n);
		text = view_slice(notes, 0, head.n_descsz);
		notes = view_slice(notes, program_up(head.n_descsz), notes.n);
		if (head.n_type == NT_GNU_BUILD_ID && view_starts(name, VIEW("GNU"))) {
			wbuf_view_put(w, text);
			return true;
		}
	}
	return false;
}

/* The program itself comes first; libraries follow. */
static int program_on_object(struct dl_phdr_info *object, size_t size, void *arg)
{
	struct wbuf *w = arg;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &object->dlpi_phdr[i];
		const void *at = (const void *)(object->dlpi_addr + h->p_vaddr);

		if (h->p_type == PT_NOTE && program_find(view_of(at, h->p_memsz), w))
			break;
	}
	return 1;
}

void program_put_id(struct wbuf *w)
{
	(void)dl_iterate_phdr(program_on_object, w);
}
