;;; foreword.el --- The next words on a bar, marks on sentences  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, wp
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Foreword is a language server that offers the next words and marks sentences.  Eglot or lsp-mode speaks to it: they
;; list words and show marks.  This file tells both of the server, and adds the word bar: the next three words in the
;; header line or the echo area, and keys that take one with its space.
;;
;;   (require 'foreword)
;;   (foreword-setup)
;;   (add-hook 'markdown-mode-hook #'eglot-ensure)   ; or #'lsp-deferred

;;; Code:

(require 'seq)
(require 'subr-x)

(declare-function eglot-current-server "eglot")
(declare-function eglot--TextDocumentPositionParams "eglot")
(declare-function eglot--signal-textDocument/didChange "eglot")
(declare-function jsonrpc-async-request "jsonrpc")
(declare-function lsp-register-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-find-workspace "lsp-mode")
(declare-function lsp--text-document-position-params "lsp-mode")
(defvar eglot-server-programs)
(defvar lsp-language-id-configuration)

(defgroup foreword nil
  "The next words as you type."
  :group 'convenience)

(defcustom foreword-command '("foreword" "serve")
  "The command that starts the server, as a list of strings."
  :type '(repeat string))

(defcustom foreword-languages
  '((text-mode . "text") (markdown-mode . "markdown") (gfm-mode . "markdown") (message-mode . "mail")
    (mail-mode . "mail") (org-mode . "org") (rst-mode . "rst") (adoc-mode . "asciidoc") (latex-mode . "latex")
    (LaTeX-mode . "latex") (tex-mode . "tex") (git-commit-ts-mode . "gitcommit"))
  "The major modes that the server is started for.
Each comes with the name that the server has for its language."
  :type '(alist :key-type symbol :value-type string))

(defcustom foreword-settings nil
  "The server's settings as a property list: (:completion (:maxItems 3))."
  :type 'plist)

(defcustom foreword-bar 'header-line
  "Where the word bar is."
  :type '(choice (const header-line) (const echo-area) (const :tag "No bar" nil)))

(defface foreword-number '((t :inherit line-number)) "The numbers on the word bar.")
(defface foreword-word '((t :inherit default)) "The words on the word bar.")

(defconst foreword--header '(:eval (foreword--bar)) "The word bar as a part of the header line.")

(defconst foreword--closing (append ".,;:!?…)]}»”" nil)
  "Before these there is no space.")

(defconst foreword--slots 3 "How many words are on the bar.")

;;;; What is shown

(defvar-local foreword--words nil
  "The words on the bar, best first.
Each is a property list with :label, :start (a position), :command and :place,
for which it was offered.")

(defvar-local foreword--place nil
  "The place and state of the text that words were last asked for.")

(defvar-local foreword--space nil
  "The place behind the space of the word taken last, until something is typed.")

(defun foreword--here ()
  "Return what tells this place and state of the text from all others."
  (list (point) (buffer-chars-modified-tick)))

(defun foreword--bar ()
  "Return the bar as a string."
  (let ((slot 0))
    (mapconcat (lambda (word)
                 (concat (propertize (format "%d " (setq slot (1+ slot))) 'face 'foreword-number)
                         (propertize (string-replace "%" "%%" (plist-get word :label)) 'face 'foreword-word)))
               foreword--words "   ")))

(defun foreword--show ()
  "Show the words as `foreword-bar' says."
  (pcase foreword-bar
    ('header-line (force-mode-line-update))
    ('echo-area (unless (or (minibufferp) (active-minibuffer-window))
                  (let (message-log-max)
                    (message "%s" (string-replace "%%" "%" (foreword--bar))))))))

;;;; Asking, through Eglot or lsp-mode

(defun foreword--server ()
  "Return a function that sends a request to this buffer's server.
It takes the method, the parameters and what to do with the result."
  (cond
   ((and (fboundp 'eglot-current-server) (bound-and-true-p eglot--managed-mode) (eglot-current-server))
    (let ((server (eglot-current-server)))
      (lambda (method params callback)
        (eglot--signal-textDocument/didChange) ; Eglot itself waits half a second
        (jsonrpc-async-request server method params :success-fn callback :error-fn #'ignore :timeout-fn #'ignore))))
   ((and (bound-and-true-p lsp-mode) (lsp-find-workspace 'foreword (buffer-file-name)))
    (lambda (method params callback)
      (lsp-request-async (substring (symbol-name method) 1) params callback
                         :mode 'unchanged :error-handler #'ignore :cancel-token method)))))

(defun foreword--position ()
  "Return the parameters of a request about point."
  (if (bound-and-true-p lsp-mode)
      (lsp--text-document-position-params)
    (eglot--TextDocumentPositionParams)))

(defun foreword--get (object &rest keys)
  "Return what is in OBJECT of the protocol under KEYS.
Eglot has property lists there, lsp-mode has hash tables."
  (seq-reduce (lambda (value key)
                (if (hash-table-p value)
                    (gethash (substring (symbol-name key) 1) value)
                  (plist-get value key)))
              keys object))

(defun foreword--words-of (list place character)
  "Return the words of a completion LIST that was asked for at PLACE.
To the protocol, the column of that place is CHARACTER."
  (let ((items (if (vectorp list) list (foreword--get list :items))))
    (mapcar (lambda (item)
              (let* ((edit (foreword--get item :textEdit))
                     (range (or (foreword--get edit :range) (foreword--get edit :insert)))
                     ;; What is typed of a word has no characters that count twice.
                     (typed (- character (foreword--get range :start :character))))
                (list :label (foreword--get item :label)
                      :start (- (car place) typed)
                      :place place
                      :command (foreword--get item :command))))
            (seq-take items foreword--slots))))

(defun foreword--update ()
  "Ask for the words that fit at point, if it is not where it was."
  (let ((place (foreword--here)) (buffer (current-buffer)) server)
    (unless (equal place foreword--place)
      (setq foreword--place place)
      (if (not (setq server (foreword--server)))
          (setq foreword--words nil)
        (let* ((params (foreword--position))
               (character (foreword--get params :position :character)))
          (funcall server :textDocument/completion params
                   (lambda (list)
                     (when (buffer-live-p buffer)
                       (with-current-buffer buffer
                         (when (equal place foreword--place) ; else another answer is on its way
                           (setq foreword--words (foreword--words-of list place character))
                           (foreword--show)))))))))))

;;;; Taking a word

(defun foreword--fits-p (word)
  "Whether WORD is for point, or for the same word with fewer letters typed."
  (let ((start (plist-get word :start)))
    (or (equal (plist-get word :place) (foreword--here))
        (and (<= (line-beginning-position) start (point))
             (string-prefix-p (buffer-substring-no-properties start (point)) (plist-get word :label))))))

(defun foreword-take (slot)
  "Take the word number SLOT of the bar, from 1, with the space behind it."
  (interactive "p")
  (let ((word (nth (1- slot) foreword--words)))
    (unless (and word (foreword--fits-p word))
      (user-error "There is no word %d" slot))
    (delete-region (plist-get word :start) (point))
    (insert (plist-get word :label))
    (if (eq (char-after) ?\s)
        (forward-char)
      (unless (memq (char-after) (cons ?\t foreword--closing))
        (insert " ")
        (setq foreword--space (point))))
    (setq foreword--words nil)
    (when-let ((command (plist-get word :command)))
      (foreword--execute command))))

(defun foreword--make-way ()
  "Let a mark that is typed take the place of the space of a word just taken."
  (let ((space foreword--space) (typed (char-before)))
    (when (and space (= (point) (1+ space)) (eq (char-before space) ?\s)
               (memq typed (cons ?\s foreword--closing)))
      (save-excursion
        (goto-char space)
        (delete-char -1)))
    (setq foreword--space nil)))

(defun foreword-take-1 () "Take the first word of the bar." (interactive) (foreword-take 1))
(defun foreword-take-2 () "Take the second word of the bar." (interactive) (foreword-take 2))
(defun foreword-take-3 () "Take the third word of the bar." (interactive) (foreword-take 3))

(defun foreword--execute (command &optional callback)
  "Have the server carry out COMMAND, as an item has it, or by name.
CALLBACK is given the result."
  (let ((server (or (foreword--server) (user-error "There is no Foreword in this buffer"))))
    (funcall server :workspace/executeCommand
             (if (stringp command)
                 (list :command command)
               (list :command (foreword--get command :command) :arguments (foreword--get command :arguments)))
             (or callback #'ignore))))

(defun foreword-pause ()
  "Have the server offer and mark nothing."
  (interactive)
  (foreword--execute "foreword.pause")
  (setq foreword--words nil)
  (foreword--show))

(defun foreword-resume ()
  "Have the server go on after a pause."
  (interactive)
  (foreword--execute "foreword.resume")
  (setq foreword--place nil))

(defun foreword-status ()
  "Say how the server is."
  (interactive)
  (foreword--execute "foreword.status"
                     (lambda (status)
                       (message "Foreword: %s, %d taken, %s and %s" (foreword--get status :state)
                                (foreword--get status :accepted) (foreword--get status :decoder)
                                (foreword--get status :encoder)))))

;;;; The mode, and what Eglot and lsp-mode are told

(defun foreword--binding (slot)
  "Return a binding for the word number SLOT, there only while the word is."
  (list 'menu-item "" (intern (format "foreword-take-%d" slot))
        :filter (lambda (command) (and (nth (1- slot) foreword--words) command))))

(defvar foreword-mode-map
  (let ((map (make-sparse-keymap)))
    (dotimes (slot foreword--slots)
      (define-key map (kbd (format "M-%d" (1+ slot))) (foreword--binding (1+ slot))))
    map)
  "Keys of `foreword-mode'.
Without words on the bar they do what they do otherwise.")

(defun foreword--head (others)
  "Put the bar into the header line, before OTHERS that are there already.
They are a list of what is shown, as lsp-mode makes it, or one thing."
  (unless (and (listp others) (member foreword--header others))
    (setq-local header-line-format
                (cons foreword--header (if (or (null others) (consp (car-safe others))) others (list others))))))

;;;###autoload
(define-minor-mode foreword-mode
  "Show the next words on a bar while you write."
  :lighter " Fore"
  (cond
   (foreword-mode
    (setq foreword--words nil
          foreword--place nil)
    (add-hook 'post-command-hook #'foreword--update nil t)
    (add-hook 'post-self-insert-hook #'foreword--make-way nil t)
    (when (eq foreword-bar 'header-line)
      (foreword--head header-line-format)))
   (t
    (remove-hook 'post-command-hook #'foreword--update t)
    (remove-hook 'post-self-insert-hook #'foreword--make-way t)
    (when (listp header-line-format)
      (setq header-line-format (remove foreword--header header-line-format))))))

(defun foreword--managed ()
  "Turn the bar on or off, as the client begins or ends in this buffer."
  (when (and foreword-bar (derived-mode-p 'text-mode 'tex-mode))
    (foreword-mode (if (or (bound-and-true-p eglot--managed-mode) (bound-and-true-p lsp-mode)) 1 -1))))

;;;###autoload
(defun foreword-setup ()
  "Tell Eglot and lsp-mode of the server."
  (with-eval-after-load 'eglot
    (let ((contact (append foreword-command
                           (and foreword-settings (list :initializationOptions foreword-settings)))))
      (dolist (language foreword-languages)
        (push `((,(car language) :language-id ,(cdr language)) . ,contact) eglot-server-programs)))
    (add-hook 'eglot-managed-mode-hook #'foreword--managed))
  (with-eval-after-load 'lsp-mode
    (dolist (language foreword-languages)
      (push language lsp-language-id-configuration))
    (lsp-register-client
     (make-lsp-client :new-connection (lsp-stdio-connection (lambda () foreword-command))
                      :major-modes (mapcar #'car foreword-languages)
                      :initialization-options (lambda () foreword-settings)
                      :priority 1
                      :server-id 'foreword))
    (add-hook 'lsp-after-open-hook #'foreword--managed)))

(provide 'foreword)
;;; foreword.el ends here
