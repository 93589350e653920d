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

# Names of users or groups: nothing when nobody runs, or there is no gateway
_sluis_names()
{
	sluis "$1" list --json "${@:2}" 2>/dev/null </dev/null | sed -n 's/^    "name": "\(.*\)",$/\1/p'
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
		mapfile -t COMPREPLY < <(compgen -W "run check reload upgrade status top explain server backend route certificate listener isolate rotate recover incident alarms user group session sessions invite cache changes diff history rollback audit hunt witness evidence drill blast verify version help" -- "$cur")
		return
	fi
	case $prev in
	--config | --public-key | --head | --recipient | --key | --output | --out | --manifest)
		compopt -o default
		return
		;;
	--state | --programs | --packages | --directory | --log)
		compopt -o dirnames
		return
		;;
	--factor)
		mapfile -t COMPREPLY < <(compgen -W "passkey password totp recovery client_certificate" -- "$cur")
		return
		;;
	--allow-weaker)
		mapfile -t COMPREPLY < <(compgen -W "P4 P5" -- "$cur")
		return
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -W "$(_sluis_names user "${state[@]}")" -- "$cur")
		return
		;;
	--memory)
		mapfile -t COMPREPLY < <(compgen -W "edge cell edge,cell dialer relay spawner audit all" -- "$cur")
		return
		;;
	--language)
		mapfile -t COMPREPLY < <(compgen -W "nl en" -- "$cur")
		return
		;;
	esac
	case $command/$prev in
	server/drain | server/enable | server/disable | server/reset)
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
		mapfile -t COMPREPLY < <(compgen -W "--method --header --source --listener --config --user --host --path --factor --json --state --help" -- "$cur")
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
	isolate)
		mapfile -t COMPREPLY < <(compgen -W "open step_up no_new_sessions office_only partners_only read_only pilot closed --all --app --zone --listener --reason --until --exercise --json --state --help" -- "$cur")
		;;
	upgrade)
		mapfile -t COMPREPLY < <(compgen -W "--without-evidence --state --help" -- "$cur")
		;;
	rotate)
		mapfile -t COMPREPLY < <(compgen -W "status done waive $(sluis rotate status --json "${state[@]}" 2>/dev/null | sed -n 's/^ *"name": "\(.*\)",$/\1/p') --all --reason --evidence --chain --without-evidence --json --state --help" -- "$cur")
		;;
	recover)
		case ${COMP_WORDS[2]} in
		plan) words="--json" ;;
		status) words="--json --watch" ;;
		start) words="--reason --since" ;;
		stop) words="--reason" ;;
		advance) words="--reason" ;;
		approve) words="--stdin" ;;
		withdraw) words="" ;;
		*) words="plan status start advance approve withdraw stop" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --state --help" -- "$cur")
		;;
	incident)
		case $prev in
		--output)
			compopt -o default
			return
			;;
		--form)
			mapfile -t COMPREPLY < <(compgen -W "timeline early-warning 72-hours data-protection" -- "$cur")
			return
			;;
		--format)
			mapfile -t COMPREPLY < <(compgen -W "markdown json" -- "$cur")
			return
			;;
		esac
		case ${COMP_WORDS[2]} in
		open) words="--detected --another" ;;
		note) words="--incident" ;;
		close) words="--incident --summary" ;;
		list | show) words="--json" ;;
		message) words="--nl --en --clear" ;;
		report) words="--form --language --format --output --margin --directory" ;;
		*) words="open note close list show message report" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --state --help" -- "$cur")
		;;
	user)
		case ${COMP_WORDS[2]} in
		list) words="" ;;
		add) words="--title --groups --language --invite --good-for --decoy" ;;
		change) words="$(_sluis_names user "${state[@]}") --title --groups --language" ;;
		show | enable) words="$(_sluis_names user "${state[@]}")" ;;
		disable | reset-factors | remove) words="$(_sluis_names user "${state[@]}") --yes" ;;
		*) words="list show add change enable disable reset-factors remove" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --json --state --help" -- "$cur")
		;;
	group)
		case ${COMP_WORDS[2]} in
		list) words="" ;;
		add) words="--title" ;;
		show) words="$(_sluis_names group "${state[@]}")" ;;
		remove) words="$(_sluis_names group "${state[@]}") --yes" ;;
		join | leave)
			if [ "$COMP_CWORD" = 3 ]; then
				words="$(_sluis_names group "${state[@]}")"
			else
				words="$(_sluis_names user "${state[@]}")"
			fi
			;;
		*) words="list show add remove join leave" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --json --state --help" -- "$cur")
		;;
	alarms)
		case ${COMP_WORDS[2]} in
		show | release) words="" ;;
		close) words="--reason" ;;
		*) words="show close release --all --check --reason" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --json --state --help" -- "$cur")
		;;
	session | sessions)
		case ${COMP_WORDS[2]} in
		list) words="--user" ;;
		revoke) words="--user --all --yes" ;;
		*) words="list revoke" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --json --state --help" -- "$cur")
		;;
	invite)
		case ${COMP_WORDS[2]} in
		add) words="$(_sluis_names user "${state[@]}") --good-for" ;;
		list | revoke) words="" ;;
		*) words="add list revoke" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --json --state --help" -- "$cur")
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
	hunt)
		if [ "$prev" = --format ]; then
			mapfile -t COMPREPLY < <(compgen -W "list stix csaf" -- "$cur")
			return
		fi
		compopt -o default
		if [ "${cur:0:1}" = - ]; then
			mapfile -t COMPREPLY < <(compgen -W "--since --until --format --records --json --state --directory --help" -- "$cur")
		fi
		;;
	evidence)
		case ${COMP_WORDS[2]} in
		collect) words="--recipient --unencrypted --memory --include-secrets --freeze --since --max-bytes --output --reason --quiet --json" ;;
		verify | show)
			compopt -o default
			words=""
			if [ "${cur:0:1}" = - ]; then
				words="--key --public-key --log --json"
			fi
			;;
		list) words="--json" ;;
		waive) words="--reason" ;;
		*) words="collect verify show list waive" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --state --help" -- "$cur")
		;;
	drill)
		compopt -o default
		case $prev in
		--role)
			compopt +o default
			mapfile -t COMPREPLY < <(compgen -W "edge cell signer dialer audit authority config console exporter herald relay shipper spawner verifier" -- "$cur")
			;;
		--svg | --config | --state | --act) ;;
		*) mapfile -t COMPREPLY < <(compgen -W "--role --act --list --long --json --svg --config --state --help" -- "$cur") ;;
		esac
		;;
	verify)
		mapfile -t COMPREPLY < <(compgen -W "--key --manifest --programs --packages --disk --json --state --help" -- "$cur")
		;;
	blast)
		case $prev in
		--role)
			mapfile -t COMPREPLY < <(compgen -W "keeper signer dialer audit console authority verifier spawner cell edge relay shipper exporter herald" -- "$cur")
			return
			;;
		--beside)
			mapfile -t COMPREPLY < <(compgen -W "nginx haproxy" -- "$cur")
			return
			;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "--role --beside --within --markdown --json --svg --out --state --help" -- "$cur")
		;;
	witness)
		compopt -o default
		if [ "${cur:0:1}" = - ]; then
			mapfile -t COMPREPLY < <(compgen -W "--listen --directory --log --name --silence --help" -- "$cur")
		fi
		;;
	audit)
		case ${COMP_WORDS[2]} in
		tail) words="--lines --follow --kind --action --result --origin --grep --json --directory" ;;
		search) words="--since --until --user --session --source --app --route --host --method --status --kind --action --text --lines --json --directory" ;;
		reached) words="--since --until --user --session --source --app --route --host --json --directory" ;;
		verify) words="--public-key --head --checkpoint --quiet --json --directory" ;;
		prove) words="--record --from --checkpoint --json --directory" ;;
		check-proof) words="--key --older" ;;
		*) words="tail search reached verify prove check-proof" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words --state --help" -- "$cur")
		;;
	help)
		mapfile -t COMPREPLY < <(compgen -W "run check reload upgrade status top explain server backend route certificate listener isolate rotate recover incident alarms user group session sessions invite cache changes diff history rollback audit hunt witness evidence drill blast verify version" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "--state --help" -- "$cur")
		;;
	esac
}

complete -F _sluis sluis
