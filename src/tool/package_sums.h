/*
 * The libraries that processes have mapped, against the MD5 that Debian's package manager keeps of
 * every file it installed (/var/lib/dpkg/info/PACKAGE.md5sums). MD5 is what is there: nobody can
 * make another file with the sum of one that exists, but root can write the sums; a copy of the
 * directory from before, or of a machine that is known to be good, proves more.
 */
#ifndef TOOL_PACKAGE_SUMS_H
#define TOOL_PACKAGE_SUMS_H

#include "base/proc_maps.h"
#include "tool/manifest_job.h"

#define PACKAGE_SUMS_DIR "/var/lib/dpkg/info"

/* package_sums_add - a mapping of a file that is no program of ours and lies at its path unchanged
 */
void package_sums_add(struct manifest_job *j, const struct proc_map *m, dev_t device);

/* package_sums_check - all that were added. E_CLOSED, E_DENIED, E_SYS: the directory that was asked
 * for can't be read; the usual one need not be there */
enum err package_sums_check(struct manifest_job *j);

#endif
