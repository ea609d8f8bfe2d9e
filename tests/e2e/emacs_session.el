;;; emacs_session.el --- One session with a letter, key by key  -*- lexical-binding: t; -*-

;; Run as `emacs --batch -q -l emacs_session.el letter.md'; test_emacs.py reads the notes from $FOREWORD_TEST_NOTES.
;; Keys go through Emacs' own command loop.  $FOREWORD_TEST_CLIENT is the client, eglot or lsp-mode.

(package-initialize)
(require 'json)
(require 'markdown-mode)

(defvar notes nil "What a person would have seen, an alist.")
(defvar letter (pop command-line-args-left))
(defvar client (getenv "FOREWORD_TEST_CLIENT"))

(defun note (name value)
  "Note VALUE under NAME."
  (push (cons name value) notes))

(defun finish ()
  "Write the notes, and leave Emacs."
  (with-temp-file (getenv "FOREWORD_TEST_NOTES")
    (insert (json-encode notes)))
  (kill-emacs 0))

(defun wait-for (what seconds condition)
  "Wait SECONDS for CONDITION, a function, to return WHAT, and return it."
  (let ((deadline (+ (float-time) seconds)) found)
    (while (not (setq found (funcall condition)))
      (when (> (float-time) deadline)
        (note 'problem (format "%s did not come in time; text: %S" what (buffer-string)))
        (finish))
      (accept-process-output nil 0.02))
    found))

(defun line ()
  "Return the line that point is in."
  (buffer-substring-no-properties (line-beginning-position) (line-end-position)))

(defun keys (description)
  "Press the keys of a DESCRIPTION."
  (execute-kbd-macro (kbd description)))

(defun type (text)
  "Type TEXT; as a string, its letters from 128 to 255 would be keys with Meta."
  (execute-kbd-macro (vconcat text)))

(defun bar (prefix seconds)
  "Wait SECONDS for words on the bar that begin with PREFIX, and return them as a person sees them."
  (let ((again (+ (float-time) 12)))
    (wait-for (format "words that begin with '%s'" prefix) seconds
              (lambda ()
                (when (> (float-time) again) ; a model was being loaded, and nothing was typed since
                  (setq again (+ (float-time) 12) foreword--place nil)
                  (foreword--update))
                (and foreword--words
                     (equal (foreword--here) (plist-get (car foreword--words) :place))
                     (seq-every-p (lambda (word) (string-prefix-p prefix (plist-get word :label))) foreword--words)))))
  (let ((shown (substring-no-properties (foreword--bar))))
    (mapcar (lambda (word) (cadr (split-string word " "))) (split-string shown "   " t))))

(defun new-paragraph ()
  "Begin one."
  (keys "<end> RET RET"))

(defun marks ()
  "Return the marks that Flymake shows."
  (flymake-diagnostics))

(defun status ()
  "Return how many words the server was told were taken, and its state."
  (let (answer)
    (foreword--execute "foreword.status" (lambda (result) (setq answer result)))
    (wait-for "the server's status" 5 (lambda () answer))
    (list (foreword--get answer :accepted) (foreword--get answer :state))))

(defun session ()
  "Write the letter."
  (note 'bar_after_space (progn (type "I will be there in a ") (bar "" 80)))
  (when (member foreword--header header-line-format) ; in batch mode nothing is displayed
    (note 'header (substring-no-properties (eval (cadr foreword--header)))))
  (new-paragraph)
  (type "We should sche")
  (note 'bar_inside_word (bar "sche" 20))
  (keys "M-1")
  (note 'taken (line))
  (note 'accepted (car (status)))
  (type ".")
  (note 'mark_behind (line))
  (new-paragraph)
  (when (string= client "eglot") ; lsp-mode 8.0 counts an emoji as one, where the protocol counts two
    (type "Zoé 😀 is here, so we should sche")
    (bar "sche" 20)
    (keys "M-1")
    (note 'taken_behind_emoji (line))
    (new-paragraph))
  (type "We should sche")
  (let* ((capf (run-hook-with-args-until-success 'completion-at-point-functions))
         (words (all-completions (buffer-substring-no-properties (nth 0 capf) (point)) (nth 2 capf))))
    (note 'list (mapcar #'substring-no-properties words)))
  (completion-at-point)
  (note 'completed (line))
  (new-paragraph)
  (type "Élise 🎻 came early. The soup was awful and I hated every minute of the evening.")
  (when (string= client "eglot")
    (note 'mark (let ((mark (car (wait-for "a mark" 20 #'marks))))
                  (list (buffer-substring-no-properties (flymake-diagnostic-beg mark) (flymake-diagnostic-end mark))
                        (flymake-diagnostic-text mark))))
    (goto-char (1+ (flymake-diagnostic-beg (car (marks)))))
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt choices &rest _)
                 (car (seq-find (lambda (choice) (string-prefix-p "Ignore" (car choice))) choices)))))
      (let ((last-nonmenu-event ?a))
        (call-interactively #'eglot-code-actions)))
    (status) ; what came in one piece with the answer is left by jsonrpc.el of Emacs 28 until something else comes
    (wait-for "the mark to go" 20 (lambda () (null (marks))))
    (goto-char (point-max)))
  (new-paragraph)
  (foreword-pause)
  (wait-for "the pause" 5 (lambda () (equal (cadr (status)) "paused")))
  (type "We should sche")
  (status) ; the answer for the words came before this one's
  (note 'bar_in_pause (foreword--bar))
  (foreword-resume)
  (type "d")
  (note 'bar_after_pause (bar "sched" 20))
  (set-buffer-modified-p nil)
  (when (string= client "eglot")
    (eglot-shutdown (eglot-current-server))
    (note 'mode_after_shutdown foreword-mode)))

(add-to-list 'load-path (getenv "FOREWORD_TEST_PLUGIN"))
(require 'foreword)
(setq foreword-command (split-string (getenv "FOREWORD_TEST_SERVER") "\n")
      foreword-settings '(:completion (:maxItems 4)))
(foreword-setup)
(require (intern client))
(find-file letter)
(switch-to-buffer (current-buffer))
(condition-case problem
    (progn
      (if (string= client "eglot")
          (call-interactively #'eglot)
        (setq lsp-auto-guess-root t lsp-enable-snippet nil lsp-diagnostics-provider :none)
        (lsp))
      (wait-for "the client" 30 (lambda () (bound-and-true-p foreword-mode)))
      (session))
  (error (note 'problem (format "%S" problem))))
(finish)
;;; emacs_session.el ends here
