# bash completion for sluis(1)
_sluis_servers()
{
	sluis status --json "$@" 2>/dev/null | sed -n \
		-e '/"pools": \[/,$ {' \
		-e 's/^      "name": "\(.*\)",$/P \1/p' \
		-e 's/^          "name": "\(.*\)",$/S \1/p' -e '}' |
		while read -r kind name; do
			if [ "$kind" = P ]; then
				pool=$name
			else
				printf '%s/%s\n' "$pool" "$name"
			fi
		done
}

_sluis()
{
	local cur prev command state=()
	local i words
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	command=${COMP_WORDS[1]}
	COMPREPLY=()
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[i - 1]}" = --state ]; then
			state=(--state "${COMP_WORDS[i]}")
		fi
	done
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "run check reload upgrade status top explain server backend route certificate listener cache changes diff history rollback audit version help" -- "$cur")
		return
	fi
	case $prev in
	--config | --public-key | --head)
		compopt -o default
		return
		;;
	--state | --programs | --directory)
		compopt -o dirnames
		return
		;;
	--allow-weaker)
		mapfile -t COMPREPLY < <(compgen -W "P4 P5" -- "$cur")
		return
		;;
	drain | enable | disable | reset)
		# A server may be called after its address: its colon is no border of words
		mapfile -t COMPREPLY < <(compgen -W "$(_sluis_servers "${state[@]}")" -- "$cur")
		return
		;;
	esac
	case $command in
	reload)
		mapfile -t COMPREPLY < <(compgen -W "--reason --json --state --help" -- "$cur")
		;;
	run)
		mapfile -t COMPREPLY < <(compgen -W "--config --state --allow-weaker --uid-range --drain-ms --programs --help" -- "$cur")
		;;
	check)
		compopt -o default
		;;
	status)
		mapfile -t COMPREPLY < <(compgen -W "--json --state --help" -- "$cur")
		;;
	top)
		mapfile -t COMPREPLY < <(compgen -W "--once --json --interval --state --help" -- "$cur")
		;;
	explain)
		mapfile -t COMPREPLY < <(compgen -W "--method --header --source --listener --config --json --state --help" -- "$cur")
		;;
	cache)
		mapfile -t COMPREPLY < <(compgen -W "purge --prefix --host --all --json --state --help" -- "$cur")
		;;
	changes)
		if [ "$prev" = apply ]; then
			compopt -o default
			return
		fi
		mapfile -t COMPREPLY < <(compgen -W "save apply drop --all --reason --dry-run --json --state --help" -- "$cur")
		;;
	diff)
		compopt -o default
		if [ "${cur:0:1}" = - ]; then
			mapfile -t COMPREPLY < <(compgen -W "--json --state --help" -- "$cur")
		fi
		;;
	history)
		mapfile -t COMPREPLY < <(compgen -W "show --config --json --state --help" -- "$cur")
		;;
	rollback)
		mapfile -t COMPREPLY < <(compgen -W "$(sluis history "${state[@]}" 2>/dev/null | cut -d ' ' -f 1) --reason --dry-run --json --state --help" -- "$cur")
		;;
	backend | route | listener)
		mapfile -t COMPREPLY < <(compgen -W "add set remove --unset --before --reason --dry-run --json --state --help" -- "$cur")
		;;
	certificate)
		mapfile -t COMPREPLY < <(compgen -W "add set replace remove --unset --before --reason --dry-run --json --state --help" -- "$cur")
		;;
	server)
		mapfile -t COMPREPLY < <(compgen -W "add set remove drain enable disable reset --wait --unset --before --reason --dry-run --json --state --help" -- "$cur")
		;;
	audit)
		case ${COMP_WORDS[2]} in
		tail) words="--lines --follow --kind --action --result --origin --grep --json --directory" ;;
		verify) words="--public-key --head --quiet --json --directory" ;;
		*) words="tail verify" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --state --help" -- "$cur")
		;;
	help)
		mapfile -t COMPREPLY < <(compgen -W "run check reload upgrade status top explain server backend route certificate listener cache changes diff history rollback audit version" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "--state --help" -- "$cur")
		;;
	esac
}

complete -F _sluis sluis
